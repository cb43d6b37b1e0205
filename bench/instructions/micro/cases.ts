/** One packet of each kind that the packet path tells apart, and the map entries that make it that kind. */

import { inUseIndex } from "../../../src/agent/expiry.ts";
import {
	Control,
	FilterKind,
	Flow,
	FlowDirection,
	FlowHook,
	FlowState,
	FlowWay,
	InUse,
} from "../../../src/layout/structs.ts";
import { addressToBytes } from "../../../src/model/address-bytes.ts";
import { filterHashes } from "../../../src/plan/filter-hash.ts";
import type { BenchDatapath } from "../../lib/datapath.ts";
import { endpointAddress, TARGET_PORT } from "../../lib/objects.ts";
import { ACK, SYN, type TcpPacket, tcpPacket } from "../../packet/packets.ts";
import { foreignTuple, liveBackend } from "../../packet/setting.ts";

/** A packet and the program that it runs through. */
export interface Case {
	readonly name: string;
	readonly program: "tc_ingress" | "tc_egress";
	readonly packet: Uint8Array;
	/** struct __sk_buff; absent: the packet comes from the node itself, or is at ingress. */
	readonly context?: Uint8Array;
	/** What the program answers; TC_ACT_UNSPEC or TC_ACT_REDIRECT. */
	readonly action: -1 | 7;
	/** Runs of one call: a packet that passes a router here has a TTL. */
	readonly repeats: number;
}

interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** How the flow of a case is stored. */
interface Setting {
	readonly direction: FlowDirection;
	readonly hook: FlowHook;
	readonly way?: FlowWay;
}

const TCP = 6;
/** Of struct __sk_buff, in bytes. */
const SK_BUFF_SIZE = 192;
const INGRESS_IFINDEX_AT = 36;
const MANY = 20_000;
/** Below the first TTL, 64. */
const FEW = 60;
/** A flow seen then is not old for a long time. */
const FUTURE = 1n << 48n;
const REDIRECTED = 7;
const V4 = { client: "10.1.1.2", frontends: ["10.200.0.1", "10.200.0.2"] } as const;
const V6 = { client: "fd00:10:1::2", frontends: ["fd00:200::1", "fd00:200::2"] } as const;
const CLIENT_PORT = 40_000;
const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const { HOOK_INGRESS, HOOK_EGRESS } = FlowHook;

/**
 * Packets without a flow: what everybody's traffic pays, and connections that sockets translated.
 * Direct connections have been seen.
 */
export function passedCases(datapath: BenchDatapath): Case[] {
	control(datapath).setUint32(Control.OFFSET.direct_seen, 1, true);
	const backend = { address: endpointAddress(0, 0, "IPv4"), port: TARGET_PORT };
	const client = { address: V4.client, port: CLIENT_PORT };
	const cases: [string, TcpPacket][] = [
		["nobody's", { ...foreignTuple(datapath), flags: ACK }],
		["SYN to a backend", tuple(client, backend, SYN)],
		["to a backend", tuple(client, backend, ACK)],
		["from a backend", tuple(backend, client, ACK)],
	];
	return cases.flatMap(([name, packet]) =>
		(["tc_ingress", "tc_egress"] as const).map((program) => ({
			name: `${name}, ${program}`,
			program,
			packet: tcpPacket(packet),
			...(program === "tc_egress" && { context: forwarded() }),
			action: -1 as const,
			repeats: MANY,
		})),
	);
}

/** Packets of established flows, each of which translates a packet into one of the other. */
export function flowCases(datapath: BenchDatapath): Case[] {
	const forward = { direction: FLOW_FORWARD, hook: HOOK_INGRESS };
	for (const direction of [FLOW_FORWARD, FLOW_REPLY]) {
		for (const hook of [HOOK_INGRESS, HOOK_EGRESS]) {
			const word = Control.OFFSET.flows_in_use + 4 * inUseIndex(direction, hook);
			control(datapath).setUint32(word, InUse.IN_USE, true);
		}
	}
	const cases = [
		pingPong(datapath, "forward, stack", V4, forward),
		pingPong(datapath, "forward, stack, IPv6", V6, forward),
		pingPong(datapath, "forward, peer", V4, { ...forward, way: FlowWay.WAY_PEER }),
		pingPong(datapath, "forward, neigh", V4, { ...forward, way: FlowWay.WAY_NEIGH }),
		pingPong(datapath, "reply, stack", V4, { direction: FLOW_REPLY, hook: HOOK_EGRESS }),
		pingPong(datapath, "reply, stack, IPv6", V6, { direction: FLOW_REPLY, hook: HOOK_EGRESS }),
		pingPong(datapath, "reply, peer", V4, {
			direction: FLOW_REPLY,
			hook: HOOK_INGRESS,
			way: FlowWay.WAY_PEER,
		}),
	];
	return cases;
}

let ports = CLIENT_PORT;

function pingPong(
	datapath: BenchDatapath,
	name: string,
	{ client, frontends }: { readonly client: string; readonly frontends: readonly string[] },
	setting: Setting,
): Case {
	const { direction, hook, way = FlowWay.WAY_STACK } = setting;
	const own = { address: client, port: ports++ };
	const [first, second] = frontends.map((address, i) => ({ address, port: 80 + i }));
	if (!first || !second) throw new Error("two frontends are needed");
	const isForward = direction === FLOW_FORWARD;
	const kind = isForward ? FilterKind.FILTER_FRONTEND : FilterKind.FILTER_BACKEND;
	for (const [from, to] of [
		[first, second],
		[second, first],
	] as const) {
		mark(datapath, kind, from);
		const [key, value] = isForward
			? [tuple(own, from, ACK), tuple(own, to, ACK)]
			: [tuple(from, own, ACK), tuple(to, own, ACK)];
		datapath.flows.set(
			{ ...bytes(key), proto: TCP, direction },
			{
				...Flow.decode(new DataView(new ArrayBuffer(Flow.SIZE)), 0),
				...bytes(value),
				...liveBackend(datapath),
				...{ last_seen: FUTURE, created: FUTURE, hook, way },
				...{ state: FlowState.FLOW_ESTABLISHED, ifindex: 1, mtu: 1500 },
			},
		);
	}
	const isStack = way === FlowWay.WAY_STACK;
	return {
		name,
		program: hook === HOOK_INGRESS ? "tc_ingress" : "tc_egress",
		packet: tcpPacket(isForward ? tuple(own, first, ACK) : tuple(first, own, ACK)),
		action: isStack ? -1 : REDIRECTED,
		repeats: isStack ? MANY : FEW,
	};
}

function control(datapath: BenchDatapath): DataView {
	return new DataView(datapath.map("control").memory());
}

/** A packet that came by the loopback device. */
function forwarded(): Uint8Array {
	const context = new Uint8Array(SK_BUFF_SIZE);
	new DataView(context.buffer).setUint32(INGRESS_IFINDEX_AT, 1, true);
	return context;
}

function tuple(from: Endpoint, to: Endpoint, flags: number): TcpPacket {
	return { src: from.address, sport: from.port, dst: to.address, dport: to.port, flags };
}

function bytes({ src, dst, sport, dport }: TcpPacket) {
	return { src: addressToBytes(src), dst: addressToBytes(dst), sport, dport };
}

function mark(datapath: BenchDatapath, kind: FilterKind, { address, port }: Endpoint): void {
	const words = new BigUint64Array(datapath.map("filter").memory());
	for (const hash of filterHashes(kind, addressToBytes(address), port, TCP)) {
		const bit = (hash & (words.length * 64 - 1)) >>> 0;
		words[bit >>> 6] = (words[bit >>> 6] ?? 0n) | (1n << BigInt(bit & 63));
	}
}
