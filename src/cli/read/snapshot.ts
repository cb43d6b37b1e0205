/** The contents of the pinned maps, put together into services and their backends. */
import type { MapPort } from "../../dataplane/port.ts";
import {
	Backend,
	BackendFlag,
	BackendState,
	BackendStats,
	Flow,
	FlowDirection,
	FlowKey,
	FlowState,
	Frontend,
	FrontendFlag,
	FrontendKey,
	type MapName,
	RangeKey,
	Scope,
	Service,
	ServiceName,
	ServiceStats,
	Slot,
	unpackBackendWord,
	unpackFrontendWord,
	unpackSetWord,
} from "../../layout/structs.ts";
import { bytesToAddress, compareAddresses } from "../../model/address-bytes.ts";

import { bytesToCIDR } from "../../model/cidr.ts";

export type Maps = (name: MapName) => MapPort;

export interface BackendView {
	readonly id: number;
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	readonly state: "gone" | "active" | "draining";
	readonly generation: number;
	readonly local: boolean;
	/** Connections that are open. */
	readonly active: number;
	/** Connections that are closed, whose flows are kept for late packets. */
	readonly inactive: number;
	/** Connections ever begun. */
	readonly connections: number;
}

export interface FrontendView {
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	readonly scope: "internal" | "external";
	/** Ids of the backends that new connections may get. */
	readonly backends: readonly number[];
	/** What happens to a new connection. */
	readonly action: "forward" | "reject" | "drop";
	/** Whose address backends do not see on the packet path: everybody's, that of clients which are no pods. */
	readonly masquerade: "all" | "outside" | "none";
	/** Only clients of the service's sourceRanges may use it. */
	readonly restricted: boolean;
}

export interface ServiceView {
	readonly id: number;
	readonly namespace: string;
	readonly name: string;
	/** Name of the port; "" when it has none. */
	readonly portName: string;
	readonly frontends: readonly FrontendView[];
	/** How long a client stays with its backend; 0: no affinity. */
	readonly affinitySeconds: number;
	/** Clients of restricted frontends, sorted. */
	readonly sourceRanges: readonly string[];
	/** Every backend of its sets, and those whose connections go on. */
	readonly backends: readonly BackendView[];
	readonly connections: number;
	readonly rejected: number;
	readonly dropped: number;
}

const PROTOCOLS = new Map([
	[1, "ICMP"],
	[6, "TCP"],
	[17, "UDP"],
	[58, "ICMPv6"],
	[132, "SCTP"],
]);

export function protocolName(number: number): string {
	return PROTOCOLS.get(number) ?? String(number);
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Calls `visit` with each entry of a map; the bytes are valid during the call only. */
export function forEachEntry(
	map: MapPort,
	visit: (key: Uint8Array, value: Uint8Array) => void,
): void {
	const { keySize, valueSize } = map.info;
	let cursor: Uint8Array | undefined;
	do {
		const page = map.lookupBatch(cursor, 1024);
		for (let i = 0; i < page.count; i++) {
			visit(
				page.keys.subarray(i * keySize, (i + 1) * keySize),
				page.values.subarray(i * valueSize, (i + 1) * valueSize),
			);
		}
		cursor = page.cursor;
	} while (cursor !== undefined);
}

/** All services, by namespace, name and port. */
export function readServices(maps: Maps): ServiceView[] {
	const frontends = readFrontends(maps);
	const backends = readBackends(maps);
	const ranges = readRanges(maps);
	const services = new DataView(maps("services").memory());
	const stats = new DataView(maps("service_stats").memory());
	const found: ServiceView[] = [];
	forEachEntry(maps("names"), (key, value) => {
		const id = viewOf(key).getUint32(0, true);
		const { ns, name, port } = ServiceName.decode(viewOf(value), 0);
		const { connections, rejected, dropped } = ServiceStats.decode(stats, id * ServiceStats.SIZE);
		found.push({
			id,
			namespace: ns,
			name,
			portName: port,
			frontends: frontends.get(id) ?? [],
			affinitySeconds: Service.decode(services, id * Service.SIZE).affinity_sec,
			sourceRanges: ranges.get(id) ?? [],
			backends: backends.get(id) ?? [],
			connections: Number(connections),
			rejected: Number(rejected),
			dropped: Number(dropped),
		});
	});
	return found.sort(
		(a, b) =>
			compare(a.namespace, b.namespace) ||
			compare(a.name, b.name) ||
			compare(a.portName, b.portName) ||
			a.id - b.id,
	);
}

function readFrontends(maps: Maps): Map<number, FrontendView[]> {
	const services = new DataView(maps("services").memory());
	const slots = new DataView(maps("slots").memory());
	const found = new Map<number, FrontendView[]>();
	forEachEntry(maps("frontends"), (keyBytes, value) => {
		const key = FrontendKey.decode(viewOf(keyBytes), 0);
		const word = unpackFrontendWord(Frontend.decode(viewOf(value), 0).word);
		// An address, of which other ports are refused: no service's.
		if (word.service === 0) return;
		const service = Service.decode(services, word.service * Service.SIZE);
		const cluster = unpackSetWord(service.cluster_set);
		const local = unpackSetWord(service.local_set);
		const set = has(word.flags, FrontendFlag.FRONTEND_LOCAL_SET) ? local : cluster;
		const empty = cluster.count === 0 && local.count === 0 ? "reject" : "drop";
		const list = found.get(word.service) ?? [];
		list.push({
			address: bytesToAddress(key.addr),
			port: key.port,
			protocol: protocolName(key.proto),
			scope: key.scope === Scope.SCOPE_EXTERNAL ? "external" : "internal",
			backends: Array.from({ length: set.count }, (_, i) => slotAt(slots, set.base + i)),
			action: set.count > 0 ? "forward" : empty,
			masquerade: masqueradeOf(word.flags),
			restricted: has(word.flags, FrontendFlag.FRONTEND_RANGES),
		});
		found.set(word.service, list);
	});
	for (const list of found.values()) list.sort(byFrontend);
	return found;
}

function has(flags: number, flag: number): boolean {
	return (flags & flag) !== 0;
}

function masqueradeOf(flags: number): FrontendView["masquerade"] {
	if (has(flags, FrontendFlag.FRONTEND_MASQUERADE)) return "all";
	return has(flags, FrontendFlag.FRONTEND_MASQUERADE_OUTSIDE) ? "outside" : "none";
}

/** Service id -> its prefixes. */
function readRanges(maps: Maps): Map<number, string[]> {
	const found = new Map<number, string[]>();
	forEachEntry(maps("ranges"), (bytes) => {
		const { prefixlen, service, addr } = RangeKey.decode(viewOf(bytes), 0);
		const list = found.get(service) ?? [];
		list.push(bytesToCIDR(addr, prefixlen - 32));
		found.set(service, list.sort());
	});
	return found;
}

/** Array maps keep each value on a multiple of 8 bytes. */
function slotAt(slots: DataView, index: number): number {
	return Slot.decode(slots, index * 8).backend;
}

/** Backend id -> its TCP and SCTP flows that are closed but not removed yet. */
function readClosedFlows(maps: Maps): Map<number, number> {
	const closed = new Map<number, number>();
	const { direction } = FlowKey.OFFSET;
	const { state, backend } = Flow.OFFSET;
	for (const table of ["flows", "overflow"] as const) {
		forEachEntry(maps(table), (key, value) => {
			if (key[direction] !== FlowDirection.FLOW_FORWARD) return;
			if (value[state] !== FlowState.FLOW_CLOSED) return;
			const id = viewOf(value).getUint32(backend, true);
			closed.set(id, (closed.get(id) ?? 0) + 1);
		});
	}
	return closed;
}

/** Backends that are not gone, by service id. */
function readBackends(maps: Maps): Map<number, BackendView[]> {
	const closedFlows = readClosedFlows(maps);
	const map = maps("backends");
	const memory = new DataView(map.memory());
	const stats = new DataView(maps("backend_stats").memory());
	const found = new Map<number, BackendView[]>();
	for (let id = 1; id < map.info.maxEntries; id++) {
		if (memory.getUint32(id * Backend.SIZE, true) === 0) continue;
		const backend = Backend.decode(memory, id * Backend.SIZE);
		const { state, generation } = unpackBackendWord(backend.word);
		if (state === BackendState.BACKEND_GONE) continue;
		const { connections, closed } = BackendStats.decode(stats, id * BackendStats.SIZE);
		const list = found.get(backend.service) ?? [];
		list.push({
			id,
			address: bytesToAddress(backend.addr),
			port: backend.port,
			protocol: protocolName(backend.proto),
			state: state === BackendState.BACKEND_ACTIVE ? "active" : "draining",
			generation,
			local: (backend.flags & BackendFlag.BACKEND_LOCAL) !== 0,
			active: Math.max(0, Number(connections - closed) - (closedFlows.get(id) ?? 0)),
			inactive: closedFlows.get(id) ?? 0,
			connections: Number(connections),
		});
		found.set(backend.service, list);
	}
	for (const list of found.values()) list.sort(byAddress);
	return found;
}

interface Addressed {
	readonly address: string;
	readonly port: number;
}

function byAddress(a: Addressed, b: Addressed): number {
	return compareAddresses(a.address, b.address) || a.port - b.port;
}

function byFrontend(a: FrontendView, b: FrontendView): number {
	return byAddress(a, b) || compare(a.protocol, b.protocol) || compare(a.scope, b.scope);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** "10.0.0.1:80", "[fd00::1]:80" */
export function formatEndpoint({ address, port }: Addressed): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
