/** What the packet tests share: both families, one world per file, a service and its packets. */
import { before, beforeEach, describe } from "node:test";
import { type PacketSpec, packet } from "../../lib/packet.ts";
import { BACKENDS, buildTopology, CLIENT } from "./topology.ts";
import { type Endpoint, World, type WorldOptions } from "./world.ts";

export const VIPS = ["10.96.0.1", "fd96::1"] as const;
export const CLIENT_PORT = 40000;
/** TCP flags of packets that belong to no connection without a flow, as conntrack sees them. */
export const STRAY = ["SA", "R", "RA", "F", "FA", ""];

/** The names of one family: index 0 of every Pair is IPv4, 1 is IPv6. */
export interface Family {
	readonly at: 0 | 1;
	readonly isV6: boolean;
}

/** By their options: to load the programs is most of what a file of tests costs on an emulated processor. */
const worlds = new Map<string, World>();

/** One object for all tests of the process that want these options, emptied before each of them. */
export function useWorld(options: WorldOptions = {}): () => World {
	let world: World | undefined;
	before(() => {
		buildTopology();
		const name = JSON.stringify(options);
		world = worlds.get(name) ?? new World(options);
		worlds.set(name, world);
	});
	beforeEach(() => world?.reset());
	return () => {
		if (world === undefined) throw new Error("only inside of a test");
		return world;
	};
}

/** The same tests for IPv4 and IPv6. */
export function forBothFamilies(name: string, tests: (family: Family) => void): void {
	describe(`IPv4: ${name}`, () => tests({ at: 0, isV6: false }));
	describe(`IPv6: ${name}`, () => tests({ at: 1, isV6: true }));
}

/** A frontend at port 80 and an endpoint at port 8080. */
export function endpoints(
	{ at }: Family,
	proto: Endpoint["proto"],
): { readonly vip: Endpoint; readonly backends: readonly Endpoint[] } {
	return {
		vip: { address: VIPS[at], port: 80, proto },
		backends: BACKENDS.map((pair) => ({ address: pair[at], port: 8080, proto })),
	};
}

/** A packet from the client's socket to that endpoint. */
export function toEndpoint(
	family: Family,
	to: Endpoint,
	changes: Partial<PacketSpec> = {},
): Uint8Array {
	const { address: dst, port: dport, proto } = to;
	return packet({ src: CLIENT[family.at], dst, proto, sport: CLIENT_PORT, dport, ...changes });
}

/** A packet from that endpoint to the client's socket. */
export function fromEndpoint(
	family: Family,
	from: Endpoint,
	changes: Partial<PacketSpec> = {},
): Uint8Array {
	const { address: src, port: sport, proto } = from;
	const flags = "SA";
	return packet({
		src,
		dst: CLIENT[family.at],
		proto,
		sport,
		dport: CLIENT_PORT,
		flags,
		...changes,
	});
}
