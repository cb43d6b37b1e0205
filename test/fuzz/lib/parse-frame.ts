/**
 * What a frame is to the datapath, read from the wire formats (RFC 791, 8200, 9293, 768, 9260, 792,
 * 4443) and the limits that the datapath states. Shares no code with bpf/.
 */
import { u16 } from "../../lib/packet-bytes.ts";

export interface Tuple {
	/** 32 hex digits; IPv4 as ::ffff:a.b.c.d. */
	readonly src: string;
	readonly dst: string;
	readonly sport: number;
	readonly dport: number;
	readonly proto: number;
}

/** Offsets in bytes from the start of the frame. */
export interface Parsed extends Tuple {
	readonly isV6: boolean;
	readonly l3: number;
	readonly l4: number;
	/** TCP header with options; UDP: 8; SCTP: 12. */
	readonly l4Size: number;
	readonly ttl: number;
	/** SCTP: what its chunks are like. */
	readonly tcpFlags: number;
	readonly fragment: "no" | "first" | "later";
	/** 8 hex digits; "" when it is no fragment. */
	readonly fragmentId: string;
	/** Its ports are not known yet: see fragment. */
	readonly isIcmpError: boolean;
}

/** Why a frame is nothing to the datapath. */
export type Foreign =
	| "not IP"
	| "headers cut off"
	| "not TCP, UDP, SCTP or ICMP"
	| "too many or too long headers"
	| "no ICMP error";

export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
export const FLAG = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

const ICMP = 1;
const ICMPV6 = 58;
const EXTENSIONS_MAX = 4;
const CHUNKS_MAX = 4;
const SCTP_HEADER = 12;
const FRAGMENT_HEADER = 44;
/** Hop-by-hop, routing, fragment, destination options. */
const EXTENSIONS = [0, 43, FRAGMENT_HEADER, 60];
/** L4 headers are looked for up to here. */
const L4_MAX = 240;

/** Parses a frame; a fragment behind the first has no ports yet (0). */
export function parseFrame(frame: Uint8Array): Parsed | Foreign {
	const type = u16(frame, 12);
	// A device without Ethernet header shows IP at once.
	const l3 = frame[0] === 0x45 ? 0 : 14;
	if (type === 0x0800) return parseV4(frame, l3);
	if (type === 0x86dd) return parseV6(frame, l3);
	return "not IP";
}

export function isSyn({ tcpFlags }: Parsed): boolean {
	return (tcpFlags & (FLAG.syn | FLAG.ack)) === FLAG.syn;
}

/** Whether conntrack would take a packet without a connection for the first of one, nf_conntrack_tcp_loose being 1. */
export function isNew({ proto, tcpFlags }: Parsed): boolean {
	const { fin, syn, rst, ack } = FLAG;
	const said = tcpFlags & (fin | syn | rst | ack);
	if (proto === SCTP) return said === syn;
	return proto !== TCP || said === syn || said === ack;
}

export function hexOf(bytes: Uint8Array, from: number, to: number): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("hex");
}

export function v4Text(bytes: Uint8Array, at: number): string {
	return `00000000000000000000ffff${hexOf(bytes, at, at + 4)}`;
}

function isOurs(proto: number, icmp: number): boolean {
	return proto === TCP || proto === UDP || proto === SCTP || proto === icmp;
}

function parseV4(frame: Uint8Array, l3: number): Parsed | Foreign {
	if (l3 + 20 > frame.length) return "headers cut off";
	const size = ((frame[l3] ?? 0) & 15) * 4;
	const proto = frame[l3 + 9] ?? 0;
	if ((frame[l3] ?? 0) >> 4 !== 4 || size < 20) return "not IP";
	if (!isOurs(proto, ICMP)) return "not TCP, UDP, SCTP or ICMP";
	const fragment = fragmentOf(u16(frame, l3 + 6) & 0x1fff, u16(frame, l3 + 6) & 0x2000);
	return parseL4(frame, {
		isV6: false,
		l3,
		l4: l3 + size,
		proto,
		src: v4Text(frame, l3 + 12),
		dst: v4Text(frame, l3 + 16),
		ttl: frame[l3 + 8] ?? 0,
		fragment,
		fragmentId: fragment === "no" ? "" : hexOf(frame, l3 + 4, l3 + 6),
	});
}

function fragmentOf(offset: number, more: number): Parsed["fragment"] {
	if (offset > 0) return "later";
	return more ? "first" : "no";
}

type Network = Omit<Parsed, "sport" | "dport" | "l4Size" | "tcpFlags" | "isIcmpError">;

function parseV6(frame: Uint8Array, l3: number): Parsed | Foreign {
	if (l3 + 40 > frame.length) return "headers cut off";
	if ((frame[l3] ?? 0) >> 4 !== 6) return "not IP";
	const chain = walkExtensions(frame, l3 + 40, frame[l3 + 6] ?? 0);
	if (typeof chain === "string") return chain;
	return parseL4(frame, {
		isV6: true,
		l3,
		src: hexOf(frame, l3 + 8, l3 + 24),
		dst: hexOf(frame, l3 + 24, l3 + 40),
		ttl: frame[l3 + 7] ?? 0,
		...chain,
	});
}

type Chain = Pick<Network, "l4" | "proto" | "fragment" | "fragmentId">;

/** From the header of type `first` at `start` to L4. */
export function walkExtensions(frame: Uint8Array, start: number, first: number): Chain | Foreign {
	let chain: Chain = { l4: start, proto: first, fragment: "no", fragmentId: "" };
	for (let count = 0; count < EXTENSIONS_MAX && chain.fragment !== "later"; count++) {
		if (isOurs(chain.proto, ICMPV6)) break;
		if (chain.l4 + 8 > frame.length) return "headers cut off";
		if (!EXTENSIONS.includes(chain.proto)) return "not TCP, UDP, SCTP or ICMP";
		chain =
			chain.proto === FRAGMENT_HEADER ? afterFragment(frame, chain) : afterOptions(frame, chain);
	}
	return isOurs(chain.proto, ICMPV6) ? chain : "too many or too long headers";
}

function afterOptions(frame: Uint8Array, chain: Chain): Chain {
	const { l4 } = chain;
	return { ...chain, proto: frame[l4] ?? 0, l4: l4 + ((frame[l4 + 1] ?? 0) + 1) * 8 };
}

/** An atomic fragment, the first and the last at once, leaves what was known. */
function afterFragment(frame: Uint8Array, { l4, fragment }: Chain): Chain {
	const kind = fragmentOf(u16(frame, l4 + 2) & 0xfff8, u16(frame, l4 + 2) & 1);
	const fragmentId = hexOf(frame, l4 + 4, l4 + 8);
	return {
		proto: frame[l4] ?? 0,
		l4: l4 + 8,
		fragment: kind === "no" ? fragment : kind,
		fragmentId,
	};
}

function parseL4(frame: Uint8Array, network: Network): Parsed | Foreign {
	const { l4, proto, isV6 } = network;
	const none = { sport: 0, dport: 0, l4Size: 0, tcpFlags: 0, isIcmpError: false };
	if (network.fragment === "later") return { ...network, ...none };
	if (l4 > L4_MAX) return "too many or too long headers";
	if (l4 + 8 > frame.length) return "headers cut off";
	if (proto === ICMP || proto === ICMPV6) {
		if (!isIcmpError(isV6, frame[l4] ?? 0)) return "no ICMP error";
		return { ...network, ...none, isIcmpError: true };
	}
	const ports = { sport: u16(frame, l4), dport: u16(frame, l4 + 2) };
	if (proto === UDP) return { ...network, ...none, ...ports, l4Size: 8 };
	if (proto === SCTP) return parseSctp(frame, { ...network, ...none, ...ports });
	return parseTcp(frame, { ...network, ...none, ...ports });
}

function parseTcp(frame: Uint8Array, known: Parsed): Parsed | Foreign {
	const { l4 } = known;
	if (l4 + 20 > frame.length) return "headers cut off";
	const l4Size = ((frame[l4 + 12] ?? 0) >> 4) * 4;
	return { ...known, l4Size, tcpFlags: frame[l4 + 13] ?? 0 };
}

function parseSctp(frame: Uint8Array, known: Parsed): Parsed | Foreign {
	const chunks = known.l4 + SCTP_HEADER;
	if (chunks > frame.length) return "headers cut off";
	return { ...known, l4Size: SCTP_HEADER, tcpFlags: chunkFlags(frame, chunks) };
}

/** INIT is nothing behind another chunk; an end may be behind three of them. */
function chunkFlags(frame: Uint8Array, start: number): number {
	const { fin, syn, rst, ack } = FLAG;
	const ends: Readonly<Record<number, number>> = { 6: rst, 7: fin, 8: fin, 14: rst };
	const begins: Readonly<Record<number, number>> = { 1: syn, 2: syn | ack };
	let flags = 0;
	for (let count = 0, at = start; count < CHUNKS_MAX && at + 4 <= frame.length; count++) {
		const type = frame[at] ?? 0;
		flags |= ends[type] ?? (count === 0 ? begins[type] : undefined) ?? 0;
		const length = u16(frame, at + 2);
		if (length < 4) break;
		at += (length + 3) & ~3;
	}
	return flags;
}

function isIcmpError(isV6: boolean, type: number): boolean {
	return isV6 ? type >= 1 && type <= 4 : [3, 5, 11, 12].includes(type);
}
