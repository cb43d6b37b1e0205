import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Cluster, type ClusterOptions, type ClusterService, FAMILIES } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { allCounters } from "../lib/net/counters.ts";
import type { LabPod } from "../lib/net/pod.ts";
import { Conversation, sendRaw } from "../lib/net/traffic.ts";
import { assertAnswered, assertLarge } from "./checks.ts";

const VARIANTS: Readonly<Record<string, ClusterOptions>> = {
	"through the stack": { flags: ["--socket-lb=off", "--forwarding=stack"] },
	redirected: { flags: ["--socket-lb=off", "--forwarding=redirect"] },
	"of bridged pods": { network: "bridged", bridgeNf: 1, flags: ["--socket-lb=off"] },
};

/** Below the MTU that both ends of every other link have. */
const NARROW = 1300;

for (const [name, options] of Object.entries(VARIANTS)) {
	describe(`ICMP errors about flows ${name}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		let client: LabPod;
		let server: LabPod;
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("web", ["a"]);
			client = cluster.pod("x");
			server = cluster.pod("a");
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		/** Runs `work` while the node's end of a pod's device takes only small packets. */
		async function narrowed(pod: LabPod, work: () => Promise<void>): Promise<void> {
			const { place } = cluster.lab.node(1);
			place.ip([`link set ${pod.hostDevice} mtu ${NARROW}`]);
			try {
				await work();
			} finally {
				place.ip([`link set ${pod.hostDevice} mtu 1500`]);
			}
		}

		// A bridge tells nobody of a port that is too narrow.
		if (options.network !== "bridged") {
			it("tell a client that its requests are too big for the link to the endpoint", async () => {
				await narrowed(server, async () => {
					for (const family of FAMILIES) {
						const target = service.target(family, "TCP");
						const socket = new Conversation(client.place, target, { requestSize: 60_000 });
						assertAnswered(await socket.ask(), family);
						await socket.close();
					}
				});
				for (const family of FAMILIES) {
					const route = client.place.run(["ip", "route", "get", service.spec.clusterIPs[family]]);
					assert.match(route, new RegExp(`mtu ${NARROW}`), "the client has not learnt the MTU");
				}
			});

			it("tell an endpoint that its answers are too big for the link to the client", async () => {
				// A client that knows of no narrow link, and so offers large segments.
				const other = cluster.pod("b");
				await narrowed(other, async () => {
					for (const family of FAMILIES) {
						const target = service.target(family, "TCP");
						const socket = new Conversation(other.place, target, { replySize: 60_000 });
						assertAnswered(await socket.ask(), family);
						await socket.close();
					}
				});
				for (const family of FAMILIES) {
					const route = server.place.run(["ip", "route", "get", other.address[family]]);
					assert.match(route, new RegExp(`mtu ${NARROW}`), "the endpoint has not learnt the MTU");
				}
			});
		}

		it("leave large traffic alone once the links are wide again", async () => {
			await assertLarge(service, client.place);
		});

		it("tell an endpoint that the client's port is closed", async () => {
			const count = (counter: string) => allCounters(server.place).get(`Icmp.${counter}`) ?? 0;
			const before = { told: count("InDestUnreachs"), unknown: count("InErrors") };
			const from = `${client.address.v4}:5555`;
			sendRaw(client.place, { from, to: service.text("v4"), udp: true });
			await until("the endpoint is told", () =>
				count("InDestUnreachs") > before.told ? true : undefined,
			);
			assert.equal(count("InErrors"), before.unknown, "the error is about nobody's socket");
		});
	});
}
