// Runs inside a guest: protocols and devices that are not ours, and that not every machine's kernel has.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DropReason } from "../../../src/layout/structs.ts";
import { lacking } from "../../lib/features.ts";
import { endpoint } from "../../lib/net/addresses.ts";
import type { Agent } from "../../lib/net/agent.ts";
import {
	Cluster,
	type ClusterService,
	FAMILIES,
	type Family,
	SERVICE_PORT,
} from "../../lib/net/cluster.ts";
import { until } from "../../lib/net/command.ts";
import { LiveMaps } from "../../lib/net/live.ts";
import type { Place } from "../../lib/net/place.ts";
import { askers, assertPeer } from "../../net/checks.ts";

const SCTP_PORT = 9000;
const GREETING = "hello over SCTP";

const LISTEN = { v4: "SCTP4-LISTEN", v6: "SCTP6-LISTEN" } as const;
const CONNECT = { v4: "SCTP4", v6: "SCTP6" } as const;

/** Says hello to everybody who connects by SCTP. */
function greet(place: Place, family: Family, port: number): void {
	place.start(["socat", `${LISTEN[family]}:${port},fork,reuseaddr`, `SYSTEM:echo ${GREETING}`]);
}

/** What the other side says over a fresh association; "" when there is none. */
function hear(place: Place, family: Family, address: string, port: number): string {
	const target = `${CONNECT[family]}:${endpoint(address, port)},connect-timeout=5`;
	try {
		return place.run(["socat", "-u", "-T", "5", target, "-"]).trim();
	} catch {
		return "";
	}
}

for (const flags of [[], ["--socket-lb=off"]]) {
	describe(`SCTP beside services, ${flags.join(" ") || "with socket hooks"}`, {
		skip: lacking("sctp"),
	}, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create({ flags });
			service = await cluster.service("web", ["a", "b"]);
			for (const family of FAMILIES) {
				greet(cluster.pod("a").place, family, family === "v4" ? SCTP_PORT : SCTP_PORT + 1);
			}
		});
		after(() => cluster?.close());

		for (const family of FAMILIES) {
			test(`an association of two pods over IP${family} is left alone`, async () => {
				const port = family === "v4" ? SCTP_PORT : SCTP_PORT + 1;
				const address = cluster.pod("a").address[family];
				const client = cluster.pod("x").place;
				await until("the greeting", () =>
					hear(client, family, address, port) === GREETING ? true : undefined,
				);
				cluster.lab.guards.reset();
				assert.equal(hear(client, family, address, port), GREETING);
				cluster.lab.guards.check();
			});
		}

		test("is refused at the port of a service that has TCP and UDP only", () => {
			const live = new LiveMaps(cluster.lab.node(1).pinPath);
			const before = live.drops(DropReason.DROP_UNKNOWN_PORT);
			const vip = service.spec.clusterIPs.v4;
			assert.equal(hear(cluster.pod("x").place, "v4", vip, SERVICE_PORT), "");
			assert.ok(live.drops(DropReason.DROP_UNKNOWN_PORT) > before);
		});

		test("TCP and UDP are served beside it", async () => {
			for (const asker of askers(cluster.pod("x").place)) await assertPeer(service, asker);
		});
	});
}

describe("a node whose address is on a dummy device", { skip: lacking("dummy") }, () => {
	const ADDRESS = { v4: "198.51.100.1", v6: "2001:db8:1::1" };
	let cluster: Cluster;
	let agent: Agent;
	let service: ClusterService;
	before(async () => {
		cluster = await Cluster.create({ flags: ["--socket-lb=off"] });
		[agent] = cluster.agents as [Agent];
		service = await cluster.service("web", ["a", "b"]);
		agent.node.place.ip([
			"link add dummy1 type dummy",
			"link set dummy1 up",
			`addr add ${ADDRESS.v4}/32 dev dummy1`,
			`addr add ${ADDRESS.v6}/128 dev dummy1 nodad`,
		]);
		cluster.manifests.node(agent.node.name, ADDRESS);
	});
	after(() => cluster?.close());

	test("has the programs on it, and serves its pods and itself", async () => {
		await until("the dummy device is served", () =>
			agent.attached().includes("dummy1") ? true : undefined,
		);
		for (const place of [cluster.pod("x").place, agent.node.place]) {
			for (const asker of askers(place)) await assertPeer(service, asker);
		}
	});
});
