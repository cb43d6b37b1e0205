import { Table, U32 } from "../../src/dataplane/table.ts";
import {
	Backend,
	Device,
	DeviceKind,
	FilterKind,
	Flow,
	FlowDirection,
	FlowHook,
	FlowKey,
	FlowState,
	FlowWay,
	unpackBackendWord,
} from "../../src/layout/structs.ts";
import { addressToBytes } from "../../src/model/address-bytes.ts";
import type { Family } from "../../src/model/objects.ts";
import { filterHashes } from "../../src/plan/filter-hash.ts";
import type { BenchDatapath } from "../lib/datapath.ts";
import { clusterAddress, endpointAddresses, makeService, SERVICE_PORT } from "../lib/objects.ts";

const TCP = 6;
const CLIENT = { IPv4: "10.1.1.2", IPv6: "fd00:10:1::2" } as const;
const CLIENT_PORT = 40_000;
/** Test-runs see the loopback device, whose index is 1 in every network namespace. */
const IFINDEX = 1;
/** A flow seen then is not old for a long time. */
const FUTURE = 1n << 48n;

/** Two Services of each family for the flow that is established. */
export function applyPairs(datapath: BenchDatapath): void {
	for (const number of [0, 1]) {
		datapath.apply([makeService(number, endpointAddresses(number, 1, "IPv6"), "IPv6")]);
	}
}

/** Makes the loopback device one of a pod, and the yardstick's key present. */
export function prepareMaps(datapath: BenchDatapath): void {
	new Table(datapath.map("devices"), U32, Device).set(IFINDEX, {
		masq4: new Uint8Array(16),
		masq6: new Uint8Array(16),
		master: 0,
		kind: DeviceKind.DEVICE_POD,
		flags: 0,
		mac: new Uint8Array(6),
		mtu: 1500,
		netns_id: -1,
	});
	const key = new Uint8Array(new BigUint64Array([7n, 7n]).buffer);
	datapath.map("bench_table").update(key, new Uint8Array(8));
}

/**
 * Two established flows that translate each other's address: of two Services, each leads to the
 * other. A packet that runs through them again and again is translated each time.
 */
export function seedPingPong(datapath: BenchDatapath, family: Family): void {
	for (const number of [0, 1]) {
		const [from, to] = [number, 1 - number].map((n) => addressToBytes(clusterAddress(n, family)));
		if (!from || !to) return;
		const src = addressToBytes(CLIENT[family]);
		const ports = { sport: CLIENT_PORT, dport: SERVICE_PORT };
		const direction = FlowDirection.FLOW_FORWARD;
		datapath.flows.set(
			{ src, dst: from, ...ports, proto: TCP, direction },
			{
				...Flow.decode(new DataView(new ArrayBuffer(Flow.SIZE)), 0),
				...{ src, dst: to, ...ports, ...liveBackend(datapath) },
				...{ last_seen: FUTURE, created: FUTURE },
				hook: FlowHook.HOOK_INGRESS,
				way: FlowWay.WAY_STACK,
				state: FlowState.FLOW_ESTABLISHED,
			},
		);
	}
}

/** The tuple that seedPingPong() made flows of. */
export function pingPongTuple(family: Family) {
	const dst = clusterAddress(0, family);
	return { src: CLIENT[family], dst, sport: CLIENT_PORT, dport: SERVICE_PORT };
}

/** A tuple that the filter knows to be nobody's. */
export function foreignTuple(datapath: BenchDatapath) {
	const src = CLIENT.IPv4;
	const dst = "192.0.2.7";
	for (let sport = CLIENT_PORT; sport < 65_536; sport++) {
		const tuple = { src, dst, sport, dport: 443 };
		const hit =
			hasBit(datapath, FilterKind.FILTER_FRONTEND, dst, tuple.dport) ||
			hasBit(datapath, FilterKind.FILTER_BACKEND, dst, tuple.dport) ||
			hasBit(datapath, FilterKind.FILTER_BACKEND, src, sport);
		if (!hit) return tuple;
	}
	throw new Error("the filter takes every tuple for ours");
}

/** Tells bench_fresh which frontend its packets are for, and has it begin anew. */
export function aimFresh(datapath: BenchDatapath): void {
	const target = new Uint8Array(16);
	target.set(addressToBytes(clusterAddress(0)).subarray(12), 0);
	new DataView(target.buffer).setUint16(4, SERVICE_PORT);
	datapath.map("bench_targets").update(new Uint8Array(4), target);
}

/**
 * Removes the flows of the last `count` packets that bench_fresh made, and lets it make them again:
 * memory that ended flows give back is what new ones take.
 */
export function endFresh(datapath: BenchDatapath, count: number): void {
	const targets = datapath.map("bench_targets");
	const target = targets.lookup(new Uint8Array(4)) ?? new Uint8Array(16);
	const view = new DataView(target.buffer, target.byteOffset);
	const end = view.getUint32(8, true);
	const keys = new Uint8Array(2 * count * FlowKey.SIZE);
	for (let i = 0; i < count; i++) {
		const key = keys.subarray(2 * i * FlowKey.SIZE);
		writeFreshKey(end - i, key);
		const flow = datapath.flows.port.lookup(key.subarray(0, FlowKey.SIZE));
		if (flow === undefined) throw new Error(`flow ${end - i} does not exist`);
		writeTwinKey(flow, key.subarray(FlowKey.SIZE));
	}
	datapath.flows.port.deleteBatch(keys, 2 * count);
	view.setUint32(8, end - count, true);
	targets.update(new Uint8Array(4), target);
}

/** The key that make_fresh() of bench.bpf.c gives its packet number `serial`. */
function writeFreshKey(serial: number, key: Uint8Array): void {
	const view = new DataView(key.buffer, key.byteOffset);
	FlowKey.encode(
		{
			src: addressToBytes(`10.128.${serial >>> 22}.${(serial >>> 14) & 255}`),
			dst: addressToBytes(clusterAddress(0)),
			sport: 1024 + (serial & 0x3fff),
			dport: SERVICE_PORT,
			proto: TCP,
			direction: FlowDirection.FLOW_FORWARD,
		},
		view,
		0,
	);
}

/** The other entry's key: the reverse of the packet after translation. */
function writeTwinKey(flow: Uint8Array, key: Uint8Array): void {
	const { src, dst, sport, dport } = Flow.decode(
		new DataView(flow.buffer, flow.byteOffset, flow.byteLength),
		0,
	);
	FlowKey.encode(
		{
			src: dst,
			dst: src,
			sport: dport,
			dport: sport,
			proto: TCP,
			direction: FlowDirection.FLOW_REPLY,
		},
		new DataView(key.buffer, key.byteOffset),
		0,
	);
}

/** A backend that flows may name. */
export function liveBackend(datapath: BenchDatapath) {
	const view = new DataView(datapath.map("backends").memory());
	for (let id = 1; id * Backend.SIZE < view.byteLength; id++) {
		const { word, service } = Backend.decode(view, id * Backend.SIZE);
		const { state, generation } = unpackBackendWord(word);
		if (state !== 0) return { service, backend: id, backend_generation: generation };
	}
	throw new Error("no backend is in the maps");
}

function hasBit(datapath: BenchDatapath, kind: number, address: string, port: number): boolean {
	const words = new BigUint64Array(datapath.map("filter").memory());
	return filterHashes(kind, addressToBytes(address), port, TCP).every((hash) => {
		const bit = (hash & (words.length * 64 - 1)) >>> 0;
		return (((words[bit >>> 6] ?? 0n) >> BigInt(bit & 63)) & 1n) === 1n;
	});
}
