/** The services, backends, devices and routes that every fuzzed packet meets. */
import { execFileSync } from "node:child_process";
import {
	BACKENDS,
	BRIDGED,
	BRIDGED_SILENT,
	buildTopology,
	CLIENT,
	type DeviceName,
	ifindexOf,
	MAC,
	macOf,
	NODE4,
	NODE6,
	OVERLAY,
	OVERLAY4,
	OVERLAY6,
	type Pair,
	POD_MTU,
	REMOTE,
	UPLINK_MTU,
} from "../../bpf/lib/topology.ts";
import { type ServeOptions, World } from "../../bpf/lib/world.ts";
import { ipAddr } from "../../lib/packet-bytes.ts";

/** IPPROTO_* of the protocols that each role is served by. */
const PROTO = { tcp: 6, udp: 17, sctp: 132 } as const;
export const FRONTEND_PORT = 80;
export const BACKEND_PORT = 8080;
export const NODE: Pair = [NODE4, NODE6];
/** The kernel has a route of type unreachable to it. */
export const UNREACHABLE: Pair = ["10.5.0.60", "fd05::60"];

export interface Role {
	readonly name: string;
	readonly vip: Pair;
	readonly backends: readonly Pair[];
	readonly local: boolean;
	readonly options?: ServeOptions;
}

const role = (
	at: number,
	name: string,
	backends: readonly Pair[],
	more: Partial<Role> = {},
): Role => ({
	name,
	vip: [`10.96.0.${at}`, `fd96::${at}`],
	backends,
	local: true,
	...more,
});

export const ROLES: readonly Role[] = [
	role(1, "two local backends", BACKENDS),
	role(2, "backend on another node", [REMOTE], { local: false }),
	role(3, "no endpoints", []),
	role(4, "endpoints elsewhere only", [], { options: { onlyLocalEmpty: true } }),
	role(5, "the client itself", [CLIENT]),
	role(6, "backend in the bridge", [BRIDGED, BRIDGED_SILENT]),
	role(7, "backend behind the overlay", [OVERLAY], { local: false }),
	role(8, "backend without route", [UNREACHABLE], { local: false }),
	role(9, "the node itself", [NODE]),
	role(10, "a backend of the first", BACKENDS.slice(0, 1)),
];

/** A role's service of one family and protocol. */
export interface Served {
	readonly role: Role;
	readonly id: number;
	readonly proto: 6 | 17 | 132;
	readonly vip: string;
	readonly backends: readonly { readonly id: number; readonly addr: string }[];
}

export function hexAddress(text: string): string {
	return Buffer.from(ipAddr(text)).toString("hex");
}

export interface Place {
	readonly world: World;
	/** By `${vip}/${proto}`. */
	readonly frontends: ReadonlyMap<string, Served>;
	/** `${address}/${proto}` of every backend, at BACKEND_PORT. */
	readonly backends: ReadonlySet<string>;
}

/** Makes the devices and loads the datapath, with all services. */
export function makePlace(): Place {
	buildTopology();
	execFileSync("ip", ["route", "add", "unreachable", "10.5.0.0/16"]);
	execFileSync("ip", ["route", "add", "unreachable", "fd05::/32"]);
	const sizes = { flows: 128, overflow: 128, services: 128, service_stats: 128 };
	const world = new World({ sizes });
	const frontends = new Map<string, Served>();
	const backends = new Set<string>();
	let id = 1;
	for (const { at, proto, role } of PLAN) {
		const served = serve(world, role, { at, proto, id });
		frontends.set(`${served.vip}/${served.proto}`, served);
		for (const { addr } of served.backends) backends.add(`${addr}/${served.proto}`);
		// World numbers services and backends in one row.
		id += 1 + served.backends.length;
	}
	return { world, frontends, backends };
}

const PLAN = ([0, 1] as const).flatMap((at) =>
	(["tcp", "udp", "sctp"] as const).flatMap((proto) => ROLES.map((role) => ({ at, proto, role }))),
);

function serve(
	world: World,
	role: Role,
	{
		at,
		proto,
		id,
	}: { readonly at: 0 | 1; readonly proto: keyof typeof PROTO; readonly id: number },
): Served {
	const ids = world.serve(
		{ address: role.vip[at], port: FRONTEND_PORT, proto },
		role.backends.map((pair) => ({ address: pair[at], port: BACKEND_PORT, proto })),
		{ local: role.local, ...role.options },
	);
	const backends = ids.map((each, i) => ({
		id: each,
		addr: hexAddress(role.backends[i]?.[at] ?? ""),
	}));
	return { role, id, proto: PROTO[proto], vip: hexAddress(role.vip[at]), backends };
}

/** What the kernel's routing table says of an address. */
export interface Route {
	/** Undefined: the kernel would not forward there. */
	readonly device?: DeviceName;
	/** The neighbour's; undefined while it is not known. */
	readonly mac?: string;
	/** The kernel says "not forwarded", as for an address of the node. */
	readonly isNode: boolean;
}

const ROUTES: readonly (readonly [readonly Pair[], Route])[] = [
	[[CLIENT], { device: "client", mac: MAC.client, isNode: false }],
	[BACKENDS, { device: "backend", mac: MAC.backend, isNode: false }],
	[[BRIDGED], { device: "bridge", mac: MAC.bridged, isNode: false }],
	[[BRIDGED_SILENT], { device: "bridge", isNode: false }],
	[[OVERLAY], { device: "overlay", mac: MAC.router, isNode: false }],
	[[UNREACHABLE], { isNode: false }],
	[[NODE], { isNode: true }],
	[[REMOTE], { device: "uplink", mac: MAC.router, isNode: false }],
];

const byAddress = new Map(
	ROUTES.flatMap(([pairs, route]) =>
		pairs.flat().map((addr) => [hexAddress(addr), route] as const),
	),
);

/** Loopback, link-local, multicast: IPv6 is never forwarded for them. */
const NOT_FORWARDED = /^(0{31}1|fe[89ab]|ff)/;

/** How packets of that source get to a backend. Throws for an address that is no backend's. */
export function routeTo(address: string, source: string): Route {
	if (NOT_FORWARDED.test(source)) return { isNode: true };
	const route = byAddress.get(address);
	if (route === undefined) throw new Error(`no route is known to ${address}`);
	return route;
}

/** What the agent says of a device; undefined: it is not served. */
export interface KnownDevice {
	readonly name: DeviceName;
	readonly ifindex: number;
	readonly kind: "pod" | "uplink" | "loopback";
	readonly mac: string;
	readonly mtu: number;
	readonly redirect: boolean;
	readonly peer: boolean;
	readonly master?: DeviceName;
	/** Address that it masquerades with, per family. */
	readonly own?: Pair;
}

const known = (name: DeviceName, more: Partial<KnownDevice>): KnownDevice => ({
	name,
	ifindex: ifindexOf(name),
	kind: "pod",
	mac: macOf(name).replaceAll(":", ""),
	mtu: UPLINK_MTU,
	redirect: true,
	peer: false,
	...more,
});

/** The devices as World describes them; call it when they exist. */
export function knownDevices(): ReadonlyMap<DeviceName, KnownDevice> {
	const list = [
		known("client", { peer: true }),
		known("backend", { peer: true, mtu: POD_MTU }),
		known("port", { peer: true, master: "bridge" }),
		known("uplink", { kind: "uplink" }),
		known("lo", { kind: "loopback", mtu: 65536, redirect: false }),
		known("overlay", { kind: "uplink", mtu: POD_MTU, own: [OVERLAY4, OVERLAY6] }),
	];
	return new Map(list.map((device) => [device.name, device]));
}
