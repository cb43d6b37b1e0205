/** Node ports follow the node's addresses, as the agent programs them and the node's sockets meet them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { endpoint, OUTSIDE_CLIENT } from "../lib/net/addresses.ts";
import type { Agent } from "../lib/net/agent.ts";
import { Cluster, FAMILIES, PROTOCOLS } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { ask, askMany, serve } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { PATHS } from "./paths.ts";

const NODE_PORT = 30_080;
const FAR_PORT = 4321;
const LATER = { v4: "192.0.2.77", v6: "2001:db8:77::1" };
const LOCALHOST = { v4: "127.0.0.1", v6: "::1" };

interface Frontend {
	readonly address: string;
	readonly port: number;
	readonly scope: string;
}

/** Where node ports are served, by scope. */
function served(agent: Agent): Record<string, string[]> {
	const services: { frontends: Frontend[] }[] = JSON.parse(
		agent.sluice(["services", "-o", "json"]),
	);
	const found: Record<string, string[]> = { internal: [], external: [] };
	for (const { address, port, scope } of services.flatMap(({ frontends }) => frontends)) {
		if (port === NODE_PORT) found[scope]?.push(address);
	}
	return found;
}

for (const { title, socketLb, options } of PATHS) {
	describe(`node ports, ${title}`, () => {
		let cluster: Cluster;
		let agent: Agent;
		before(async () => {
			cluster = await Cluster.create({ pods: { a: 1, b: 1 }, ...options });
			const [first] = cluster.agents;
			assert.ok(first);
			agent = first;
			await cluster.service("web", ["a", "b"], { nodePorts: { TCP: NODE_PORT, UDP: NODE_PORT } });
		});
		after(() => cluster.close());

		it("are served at the node's addresses and, for the node's own sockets, at localhost", async () => {
			const { internal, external } = served(agent);
			for (const family of FAMILIES) {
				assert.ok(external?.includes(agent.node.address[family]));
				assert.equal(internal?.includes(LOCALHOST[family]), socketLb === "on");
				assert.ok(!external?.includes(LOCALHOST[family]));
			}
			assert.deepEqual(
				internal?.filter((address) => address.startsWith("fe80:")),
				[],
			);
			const targets = PROTOCOLS.flatMap((protocol) =>
				FAMILIES.flatMap((family) =>
					[LOCALHOST[family], agent.node.address[family]].map((address) => ({ address, protocol })),
				),
			);
			for (const { address, protocol } of targets) {
				const answer = await ask(agent.node.place, { address, port: NODE_PORT, protocol });
				if (socketLb === "off" && Object.values(LOCALHOST).includes(address)) {
					assert.equal(answer.error, "ECONNREFUSED", `${protocol} to ${address}`);
					continue;
				}
				assertAnswered(answer, `${protocol} to ${address}`);
				// getpeername(), and for UDP the sender of the answer.
				assert.equal(answer.peername, endpoint(address, NODE_PORT));
				if (protocol === "UDP") assert.equal(answer.from, endpoint(address, NODE_PORT));
			}
		});

		it("lead the node itself to all endpoints, whichever port of a bridge they are behind", async () => {
			for (const protocol of PROTOCOLS) {
				for (const family of FAMILIES) {
					const target = { address: agent.node.address[family], port: NODE_PORT, protocol };
					const { servers, failed } = await askMany(agent.node.place, target, 24);
					assert.equal(failed, 0, JSON.stringify({ target, servers }));
					assert.deepEqual(Object.keys(servers).sort(), ["a", "b"]);
				}
			}
		});

		it("leave a pod's own TCP connection alone that was masqueraded with their number", async () => {
			await serve(cluster.lab.client, "far", FAR_PORT);
			const { place, uplink, address } = agent.node;
			place.run(
				["nft", "-f", "-"],
				`table inet cni {
				chain postrouting {
					type nat hook postrouting priority srcnat
					oifname ${uplink} tcp dport ${FAR_PORT} snat ip to ${address.v4}:${NODE_PORT}
					oifname ${uplink} tcp dport ${FAR_PORT} snat ip6 to [${address.v6}]:${NODE_PORT}
				}
				}`,
			);
			for (const family of FAMILIES) {
				const target = {
					address: OUTSIDE_CLIENT[family],
					port: FAR_PORT,
					protocol: "TCP",
				} as const;
				const answer = await ask(cluster.pod("a").place, target);
				assertAnswered(answer, `TCP to ${target.address}`);
				assert.equal(answer.server, "far");
				assert.equal(answer.seen, endpoint(address[family], NODE_PORT));
			}
			place.run(["nft", "delete", "table", "inet", "cni"]);
		});

		it("win over a process of the node that listens at the same port", async () => {
			await serve(agent.node.place, "own", NODE_PORT);
			for (const place of [agent.node.place, cluster.lab.client]) {
				for (const protocol of PROTOCOLS) {
					for (const family of FAMILIES) {
						const target = { address: agent.node.address[family], port: NODE_PORT, protocol };
						const answer = await ask(place, target);
						assertAnswered(answer, `${protocol} to ${target.address}`);
						assert.match(answer.server ?? "", /^[ab]$/);
					}
				}
			}
		});

		it("are served at an address that comes, and not at one that is gone", async () => {
			const { place, uplink } = agent.node;
			const lengths = { v4: 32, v6: 128 };
			const at = (family: "v4" | "v6") => served(agent).external?.includes(LATER[family]) === true;
			for (const family of FAMILIES) {
				place.ip([`address add ${LATER[family]}/${lengths[family]} dev ${uplink} nodad`]);
				await until("the address is served", () => at(family) || undefined);
				const target = { address: LATER[family], port: NODE_PORT, protocol: "TCP" } as const;
				assertAnswered(await ask(place, target), `TCP to ${LATER[family]}`);
				place.ip([`address del ${LATER[family]}/${lengths[family]} dev ${uplink}`]);
				await until("the address is not served", () => !at(family) || undefined);
			}
		});

		it("stay where they are while an agent restarts", async () => {
			const before = served(agent);
			await agent.stop();
			assert.deepEqual(served(agent), before);
			await agent.start(["--nodeport-addresses=primary"]);
			const { internal = [], external = [] } = served(agent);
			const primary = FAMILIES.map((family) => agent.node.address[family]);
			assert.deepEqual([...new Set(external)].sort(), primary.sort());
			assert.deepEqual(new Set(internal), new Set(external));
		});
	});
}
