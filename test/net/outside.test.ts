/** Clients outside of the cluster, and policies that tell them from clients inside. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { DropReason } from "../../src/layout/structs.ts";
import { endpoint, OUTSIDE_CLIENT } from "../lib/net/addresses.ts";
import { Cluster, FAMILIES, type Family, PROTOCOLS } from "../lib/net/cluster.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { Place } from "../lib/net/place.ts";
import { type AskOptions, ask, askMany } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { ALL_PATHS } from "./paths.ts";

const NODE_PORTS = { cluster: 30_080, local: 30_081 } as const;
const HEALTH_PORTS = { local: 30_090, elsewhere: 30_091 } as const;
const BALANCED = {
	cluster: { v4: "10.96.200.1", v6: "fd00:96::c801" },
	local: { v4: "10.96.200.2", v6: "fd00:96::c802" },
	ranges: { v4: "10.96.200.3", v6: "fd00:96::c803" },
} as const;
const EXTERNAL = { v4: "10.96.200.9", v6: "fd00:96::c809" } as const;
/** Nobody answers: nothing is sent that could be waited for. */
const SILENT: AskOptions = { timeoutMs: 1000 };

function balancer(name: keyof typeof BALANCED): object {
	const { v4, v6 } = BALANCED[name];
	return { loadBalancer: { ingress: [{ ip: v4 }, { ip: v6 }] } };
}

/** The address without port that the server saw. */
function host(seen: string | undefined): string {
	return (seen ?? "").replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

for (const { title, socketLb, options } of ALL_PATHS) {
	describe(title, () => {
		let cluster: Cluster;
		let outside: Place;
		const node = (family: Family): string => cluster.lab.node(1).address[family];

		before(async () => {
			cluster = await Cluster.create({ ...options, nodes: 2, pods: { a: 1, c: 2, x: 1 } });
			outside = cluster.lab.client;
			cluster.manifests.serviceCIDR("10.96.0.0/16", "fd00:96::/108");
			await cluster.service("cluster", ["a", "c"], {
				nodePorts: { TCP: NODE_PORTS.cluster, UDP: NODE_PORTS.cluster },
				spec: { type: "LoadBalancer", externalIPs: [EXTERNAL.v4, EXTERNAL.v6] },
				status: balancer("cluster"),
			});
			await cluster.service("local", ["a", "c"], {
				nodePorts: { TCP: NODE_PORTS.local, UDP: NODE_PORTS.local },
				spec: {
					type: "LoadBalancer",
					externalTrafficPolicy: "Local",
					healthCheckNodePort: HEALTH_PORTS.local,
				},
				status: balancer("local"),
			});
			await cluster.service("ranges", ["a"], {
				nodePorts: { TCP: 30_082, UDP: 30_082 },
				spec: {
					type: "LoadBalancer",
					loadBalancerSourceRanges: [`${OUTSIDE_CLIENT.v4}/32`, `${OUTSIDE_CLIENT.v6}/128`],
				},
				status: balancer("ranges"),
			});
			await cluster.service("elsewhere", ["c"], {
				nodePorts: { TCP: 30_083, UDP: 30_083 },
				spec: {
					type: "LoadBalancer",
					externalTrafficPolicy: "Local",
					healthCheckNodePort: HEALTH_PORTS.elsewhere,
				},
			});
		});
		after(() => cluster.close());

		for (const family of FAMILIES) {
			it(`are told by health check node port which nodes have endpoints: ${family}`, () => {
				const codes = (port: number): string[] =>
					cluster.lab.nodes.map(({ address }) => {
						const url = `http://${endpoint(address[family], port)}/`;
						return outside.run(["curl", "-sg", "-o", "/dev/null", "-w", "%{http_code}", url]);
					});
				assert.deepEqual(codes(HEALTH_PORTS.local), ["200", "200"]);
				assert.deepEqual(codes(HEALTH_PORTS.elsewhere), ["503", "200"]);
			});

			it(`get answers to pings of service addresses that have endpoints: ${family}`, () => {
				const clusterIP = { v4: "10.96.0.10", v6: "fd00:96::a" }[family];
				const places = [outside, cluster.pod("x").place, cluster.lab.node(1).place];
				for (const place of places) {
					for (const address of [clusterIP, BALANCED.cluster[family]]) {
						for (const size of ["56", "3000"]) {
							const said = place.run(["ping", "-n", "-c", "1", "-W", "3", "-s", size, address]);
							assert.match(said, /1 packets transmitted, 1 received/);
						}
					}
				}
			});

			it(`hear nothing from addresses that no Service has: ${family}`, async () => {
				const live = new LiveMaps(cluster.lab.node(1).pinPath);
				const drops = () => live.drops(DropReason.DROP_UNKNOWN_ADDRESS);
				const address = { v4: "10.96.77.7", v6: "fd00:96::7777" }[family];
				for (const place of [outside, cluster.pod("x").place, cluster.lab.node(1).place]) {
					const before = drops();
					const target = { address, port: 80, protocol: "UDP" } as const;
					const answer = await ask(place, target, { timeoutMs: 300 });
					assert.ok(!answer.ok);
					assert.ok(drops() > before);
				}
			});

			for (const protocol of PROTOCOLS) {
				const name = `${protocol}, ${family}`;
				const to = (address: string, port = 80) => ({ address, port, protocol });

				it(`reach all endpoints by node port, load balancer and external address, from the node's address: ${name}`, async () => {
					const targets = [
						to(node(family), NODE_PORTS.cluster),
						to(BALANCED.cluster[family]),
						to(EXTERNAL[family]),
					];
					for (const target of targets) {
						const { servers, failed } = await askMany(outside, target, 24);
						assert.equal(failed, 0, JSON.stringify({ target, servers }));
						assert.deepEqual(Object.keys(servers).sort(), ["a", "c"]);
						const answer = await ask(outside, target);
						assertAnswered(answer, JSON.stringify(target));
						assert.notEqual(host(answer.seen), OUTSIDE_CLIENT[family]);
					}
				});

				it(`reach this node's endpoints only, with their own address, under policy Local: ${name}`, async () => {
					for (const target of [to(node(family), NODE_PORTS.local), to(BALANCED.local[family])]) {
						for (let round = 0; round < 8; round++) {
							const answer = await ask(outside, target);
							assertAnswered(answer, JSON.stringify(target));
							assert.equal(answer.server, "a");
							assert.equal(host(answer.seen), OUTSIDE_CLIENT[family]);
						}
					}
				});

				it(`a pod reaches all endpoints under policy Local: ${name}`, async () => {
					const { place } = cluster.pod("x");
					const { servers, failed } = await askMany(place, to(BALANCED.local[family]), 24);
					assert.equal(failed, 0);
					assert.deepEqual(Object.keys(servers).sort(), ["a", "c"]);
				});

				it(`a pod reaches all endpoints by the external address, which no node has, from its own by socket: ${name}`, async () => {
					const { place, address } = cluster.pod("x");
					const { servers, failed } = await askMany(place, to(EXTERNAL[family]), 24);
					assert.equal(failed, 0);
					assert.deepEqual(Object.keys(servers).sort(), ["a", "c"]);
					const { seen } = await ask(place, to(EXTERNAL[family]));
					assert.equal(host(seen) === address[family], socketLb === "on", seen);
				});

				it(`a pod reaches node ports of another node by that node's rules: ${name}`, async () => {
					const { place } = cluster.pod("x");
					const far = cluster.lab.node(2).address[family];
					const { servers, failed } = await askMany(place, to(far, NODE_PORTS.local), 8);
					assert.equal(failed, 0);
					assert.deepEqual(Object.keys(servers), ["c"]);
				});

				it(`hear nothing where only other nodes have endpoints, while the node itself is served: ${name}`, async () => {
					const target = to(node(family), 30_083);
					const answer = await ask(outside, target, SILENT);
					assert.ok(!answer.ok);
					assert.notEqual(answer.error, "ECONNREFUSED");
					assertAnswered(await ask(cluster.lab.node(1).place, target), "the node");
				});

				it(`are served by source range, and pods in none are not: ${name}`, async () => {
					const target = to(BALANCED.ranges[family]);
					assertAnswered(await ask(outside, target), "in a range");
					const answer = await ask(cluster.pod("x").place, target, SILENT);
					assert.ok(!answer.ok);
					assert.notEqual(answer.error, "ECONNREFUSED");
					const nodePort = to(node(family), 30_082);
					assertAnswered(await ask(cluster.pod("x").place, nodePort), "by node port");
				});

				it(`are refused at ports that a cluster address does not have: ${name}`, async () => {
					const address = { v4: "10.96.0.10", v6: "fd00:96::a" }[family];
					for (const place of [outside, cluster.pod("x").place, cluster.lab.node(1).place]) {
						const answer = await ask(place, to(address, 4711), { timeoutMs: 5000 });
						assert.equal(answer.error, "ECONNREFUSED", JSON.stringify(answer));
					}
				});
			}
		}
	});
}
