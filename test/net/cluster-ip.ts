import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Cluster, type ClusterOptions, type ClusterService } from "../lib/net/cluster.ts";
import type { Place } from "../lib/net/place.ts";
import {
	askers,
	assertEndpointMayLeave,
	assertHairpin,
	assertLarge,
	assertNoCollision,
	assertPeer,
	assertPortReuse,
	assertRefused,
	assertServed,
} from "./checks.ts";

export const PACKETS = "--socket-lb=off";
export const STACK = "--forwarding=stack";
export const REDIRECT = "--forwarding=redirect";

/** Everything that a ClusterIP does, over a cluster of each kind. */
export function describeClusterIP(variants: Readonly<Record<string, ClusterOptions>>): void {
	for (const [name, options] of Object.entries(variants)) describeVariant(name, options);
}

function describeVariant(name: string, options: ClusterOptions): void {
	describe(`a ClusterIP with ${name}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		let clients: { pod: Place; node: Place };
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("web", ["a", "b", "c"]);
			clients = { pod: cluster.pod("x").place, node: cluster.lab.node(1).place };
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		for (const client of ["pod", "node"] as const) {
			it(`answers every socket of a ${client} from all endpoints, as the service`, async () => {
				await assertServed(service, clients[client]);
			});

			it(`carries large requests of a ${client}, and datagrams in fragments`, async () => {
				await assertLarge(service, clients[client]);
			});

			it(`refuses a ${client} when it has no endpoint, and serves it as soon as it has one`, async () => {
				await cluster.endpoints(service, []);
				try {
					await assertRefused(service, clients[client]);
					await cluster.endpoints(service, ["a"]);
					for (const asker of askers(clients[client])) await assertPeer(service, asker);
				} finally {
					await cluster.endpoints(service, ["a", "b", "c"]);
				}
			});

			it(`keeps connected sockets of a ${client} going when endpoints leave`, async () => {
				await assertEndpointMayLeave(cluster, service, clients[client]);
				await cluster.endpoints(service, ["a", "b", "c"]);
			});

			it(`serves a ${client}'s port again right after it was closed`, async () => {
				await assertPortReuse(service, clients[client]);
			});
		}

		it("takes UDP over IPv4 without checksum", async () => {
			const asker = { place: clients.pod, family: "v4", protocol: "UDP" } as const;
			await assertPeer(service, asker, { noChecksum: true });
		});

		it("leads a pod to itself", async () => {
			await cluster.endpoints(service, ["a"]);
			await assertHairpin(service);
			await cluster.endpoints(service, ["a", "b", "c"]);
		});

		if (options.flags?.includes(PACKETS)) {
			for (const client of ["pod", "node"] as const) {
				it(`keeps a ${client}'s direct flow of the same port apart`, async () => {
					await cluster.endpoints(service, ["a"]);
					const order = { first: "service", sourcePort: 20_000 } as const;
					await assertNoCollision(service, clients[client], order);
					await cluster.endpoints(service, ["a", "b", "c"]);
				});

				it(`keeps an earlier direct flow of the same port of a ${client} apart`, async () => {
					await cluster.endpoints(service, ["a"]);
					const order = { first: "direct", sourcePort: 20_010 } as const;
					await assertNoCollision(service, clients[client], order);
					await cluster.endpoints(service, ["a", "b"]);
					const ports = { first: "direct", sourcePort: 20_020, ports: 4 } as const;
					await assertNoCollision(service, clients[client], ports);
					await cluster.endpoints(service, ["a", "b", "c"]);
				});
			}
		}

		it("answers a client outside that routes to it over the node", async () => {
			for (const asker of askers(cluster.lab.client)) await assertPeer(service, asker);
		});
	});
}
