/** Sockets that live on while their Service changes under them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Cluster, type ClusterService, FAMILIES, type Family } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { Place } from "../lib/net/place.ts";
import { ask, Conversation, serve, type Target } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { PATHS } from "./paths.ts";

const NODE_PORT = 30_080;
const MOVED_PORT = 9090;
/** Long enough for a second SYN: the refusal of the first may only be remembered. */
const TWO_SYNS = { timeoutMs: 2500 } as const;

for (const { title, options } of PATHS) {
	describe(`sockets that last, ${title}`, () => {
		let cluster: Cluster;
		before(async () => {
			cluster = await Cluster.create({ ...options, nodes: 2 });
		});
		after(() => cluster?.close());

		const clients = (): Record<string, Place> => ({
			pod: cluster.pod("x").place,
			node: cluster.lab.node(1).place,
		});
		const open = (target: (family: Family) => Target): Map<string, Conversation> =>
			new Map(
				Object.entries(clients()).flatMap(([who, place]) =>
					FAMILIES.map((family) => [
						`${who} ${family}`,
						new Conversation(place, target(family), { timeoutMs: 2000 }),
					]),
				),
			);
		/** What a new connection meets: "" when it is answered. */
		const meets = (service: ClusterService, want: (error: string) => boolean): Promise<true> =>
			until("new connections meet the change", async () => {
				const answer = await ask(cluster.pod("x").place, service.target("v4", "TCP"), TWO_SYNS);
				return want(answer.ok ? "" : (answer.error ?? "?")) || undefined;
			});

		it("of TCP go on when ports, policy, endpoints and the Service itself change or go", async () => {
			const service = await cluster.service("tcp", ["a"]);
			const connections = open((family) => service.target(family, "TCP"));
			const goOn = async (when: string): Promise<void> => {
				for (const [who, connection] of connections) {
					const answer = await connection.ask();
					assertAnswered(answer, `${who}, ${when}`);
					assert.equal(answer.server, "a", when);
				}
			};
			await goOn("at first");
			cluster.manifests.service({ ...service.spec, port: 81 });
			await meets(service, (error) => error === "ECONNREFUSED");
			await goOn("after the port changed");
			cluster.manifests.service({ ...service.spec, internalTrafficPolicy: "Local" });
			const addresses = Object.values(cluster.pod("c").address);
			cluster.manifests.endpoints(
				service.spec,
				addresses.map((address) => ({ address, node: cluster.lab.node(2).name })),
			);
			await meets(service, (error) => error === "ETIMEDOUT");
			await goOn("under policy Local without an endpoint here");
			await cluster.endpoints(service, []);
			await meets(service, (error) => error === "ECONNREFUSED");
			await goOn("without endpoints");
			cluster.manifests.removeService("tcp");
			await meets(service, (error) => error !== "ECONNREFUSED");
			await goOn("without the Service");
			for (const agent of cluster.agents) {
				await agent.stop();
				await agent.start();
			}
			await goOn("after a restart of the agents");
			for (const connection of connections.values()) await connection.close();
		});

		it("of UDP go to the new port when that of their endpoint changes", async () => {
			const nodePorts = { UDP: NODE_PORT };
			const service = await cluster.service("udp", ["a"], { nodePorts });
			await serve(cluster.pod("a").place, "moved", MOVED_PORT);
			const nodePort = (family: Family): Target => ({
				address: cluster.lab.node(1).address[family],
				port: NODE_PORT,
				protocol: "UDP",
			});
			const sockets = open((family) => service.target(family, "UDP"));
			for (const family of FAMILIES) {
				const socket = new Conversation(cluster.lab.client, nodePort(family), { timeoutMs: 2000 });
				sockets.set(`outside ${family}`, socket);
				const own = new Conversation(cluster.pod("x").place, nodePort(family), { timeoutMs: 2000 });
				sockets.set(`pod at the node port ${family}`, own);
			}
			for (const [who, socket] of sockets) assert.equal((await socket.ask()).server, "a", who);
			const spec = { ...service.spec, targetPort: MOVED_PORT };
			const addresses = Object.values(cluster.pod("a").address);
			const node = cluster.lab.node(1).name;
			cluster.manifests.endpoints(
				spec,
				addresses.map((address) => ({ address, node })),
			);
			for (const [who, socket] of sockets) {
				await until(`${who} has moved`, async () =>
					(await socket.ask()).server === "moved" ? true : undefined,
				);
			}
			for (const socket of sockets.values()) await socket.close();
		});

		it("of UDP that were refused, or meant nobody, are served once there is an endpoint", async () => {
			const refused = await cluster.service("refused", []);
			const unknown = await cluster.service("unknown", []);
			cluster.manifests.removeService("unknown");
			for (const agent of cluster.agents) {
				const live = new LiveMaps(agent.node.pinPath);
				await until("the Service is gone", () =>
					live.backends(unknown.target("v6", "UDP")) ? undefined : true,
				);
			}
			const atRefused = open((family) => refused.target(family, "UDP"));
			const atUnknown = open((family) => unknown.target(family, "UDP"));
			for (const [who, socket] of atRefused) {
				assert.equal((await socket.ask()).error, "ECONNREFUSED", who);
			}
			const early = await Promise.all([...atUnknown.values()].map((socket) => socket.ask()));
			assert.ok(early.every(({ ok }) => !ok));
			cluster.manifests.service(unknown.spec);
			await cluster.endpoints(unknown, ["a"]);
			await cluster.endpoints(refused, ["a"]);
			for (const [who, socket] of [...atRefused, ...atUnknown]) {
				assertAnswered(await socket.ask(), who);
				await socket.close();
			}
		});
	});
}
