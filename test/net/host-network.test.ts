/** Endpoints in a node's own network: their address is the node's. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { OUTSIDE_CLIENT } from "../lib/net/addresses.ts";
import { Cluster, type ClusterService, FAMILIES, type Family } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { Place } from "../lib/net/place.ts";
import { ask, serve, type Target } from "../lib/net/traffic.ts";
import { askers, assertAnswered } from "./checks.ts";
import { PATHS } from "./paths.ts";

const HOST_PORT = 9090;
const NODE_PORTS = { TCP: 30_080, UDP: 30_080 } as const;
const SILENT = { timeoutMs: 500 } as const;

for (const { title, socketLb, options } of PATHS) {
	describe(`an endpoint in a node's own network, ${title}`, () => {
		let cluster: Cluster;
		let everywhere: ClusterService;
		let here: ClusterService;
		before(async () => {
			cluster = await Cluster.create({ ...options, nodes: 2, pods: { x: 1, y: 2 } });
			await serve(cluster.lab.node(1).place, "host", HOST_PORT);
			everywhere = await hostService("everywhere", {
				nodePorts: NODE_PORTS,
				spec: { externalTrafficPolicy: "Local" },
			});
			here = await hostService("here", { internalTrafficPolicy: "Local" });
		});
		after(() => cluster?.close());

		/** A Service whose endpoint is node 1. */
		async function hostService(
			name: string,
			more: Parameters<Cluster["service"]>[2],
		): Promise<ClusterService> {
			const service = await cluster.service(name, [], more);
			const { address, name: node } = cluster.lab.node(1);
			const spec = { ...service.spec, targetPort: HOST_PORT };
			const endpoints = Object.values(address).map((one) => ({ address: one, node }));
			cluster.manifests.endpoints(spec, endpoints);
			for (const agent of cluster.agents) {
				const live = new LiveMaps(agent.node.pinPath);
				for (const family of FAMILIES) {
					const has = () => live.backends(service.target(family, "UDP"))?.length === 1;
					await until(`${name} is programmed`, () => has() || undefined);
				}
			}
			return service;
		}

		const nodePort = (node: number, family: Family, protocol: keyof typeof NODE_PORTS): Target => ({
			address: cluster.lab.node(node).address[family],
			port: NODE_PORTS[protocol],
			protocol,
		});
		const assertServed = async (place: Place, target: Target): Promise<void> => {
			const answer = await ask(place, target);
			assertAnswered(answer, JSON.stringify(target));
			assert.equal(answer.server, "host");
		};

		it("serves pods and nodes, and the node itself by socket", async () => {
			const { lab } = cluster;
			const pods = [cluster.pod("x").place, cluster.pod("y").place];
			const places = [...pods, lab.node(2).place, lab.client];
			// A packet of the node to itself meets no program that could translate it.
			if (socketLb === "on") places.push(lab.node(1).place);
			for (const place of places) {
				for (const { family, protocol } of askers(place)) {
					await assertServed(place, everywhere.target(family, protocol));
				}
			}
		});

		it("is local on its node and nowhere else", async () => {
			const places = [cluster.pod("x").place];
			if (socketLb === "on") places.push(cluster.lab.node(1).place);
			for (const place of places) {
				for (const { family, protocol } of askers(place)) {
					await assertServed(place, here.target(family, protocol));
				}
			}
			for (const place of [cluster.pod("y").place, cluster.lab.node(2).place]) {
				for (const { family, protocol } of askers(place)) {
					const answer = await ask(place, here.target(family, protocol), SILENT);
					assert.equal(answer.error, "ETIMEDOUT", JSON.stringify(answer));
				}
			}
		});

		it("sees the address of clients outside, at its own node's port only", async () => {
			const { client } = cluster.lab;
			for (const { family, protocol } of askers(client)) {
				const answer = await ask(client, nodePort(1, family, protocol));
				assertAnswered(answer, `${family} ${protocol}`);
				assert.equal(answer.server, "host");
				assert.ok(answer.seen?.includes(OUTSIDE_CLIENT[family]), answer.seen);
				const far = await ask(client, nodePort(2, family, protocol), SILENT);
				assert.equal(far.error, "ETIMEDOUT", JSON.stringify(far));
			}
		});
	});
}
