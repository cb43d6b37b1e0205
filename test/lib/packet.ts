/** Builds Ethernet frames, checksums filled in. packet-decode.ts is the way back. */
import { isIPv6 } from "node:net";
import {
	addressBytes,
	checksum,
	pseudoHeader,
	sctpChecksum,
	setSctpChecksum,
	setU16,
} from "./packet-bytes.ts";

export const PROTO = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

/** Types of SCTP's chunks (RFC 9260). */
export const CHUNK = {
	data: 0,
	init: 1,
	initAck: 2,
	sack: 3,
	heartbeat: 4,
	abort: 6,
	shutdown: 7,
	shutdownAck: 8,
	cookieEcho: 10,
	cookieAck: 11,
	shutdownComplete: 14,
} as const;
export type ChunkName = keyof typeof CHUNK;

export interface PacketSpec {
	readonly src: string;
	readonly dst: string;
	readonly proto: "tcp" | "udp" | "sctp";
	readonly sport: number;
	readonly dport: number;
	/** TCP flags as letters: S, A, F, R, P. Default "S". */
	readonly flags?: string;
	/** TCP sequence number. */
	readonly seq?: number;
	/** SCTP; default: the one that is like `flags`. The last has the payload. */
	readonly chunks?: readonly ChunkName[];
	readonly payload?: Uint8Array;
	/** Default 64. */
	readonly ttl?: number;
	/** Bytes of IPv4 options, a multiple of 4. */
	readonly options?: number;
	/** IPv6 extension headers in front of L4: "hop" (hop-by-hop), "dst" (destination options). */
	readonly extensions?: readonly ("hop" | "dst")[];
	/** UDP over IPv4, and SCTP whose sum is left to the device: send without checksum. */
	readonly noChecksum?: boolean;
	/** IPv4: without DF. */
	readonly mayFragment?: boolean;
	/** Cuts the datagram: which of its L4 bytes this packet carries. */
	readonly fragment?: { readonly id: number; readonly from: number; readonly to: number };
	readonly smac?: string;
	readonly dmac?: string;
}

export interface IcmpSpec {
	readonly src: string;
	readonly dst: string;
	readonly type: number;
	readonly code: number;
	/** The 4 bytes after the checksum; default 0. */
	readonly info?: number;
	/** The packet that the error is about: from its IP header on. */
	readonly quote: Uint8Array;
	readonly ttl?: number;
}

export interface EchoSpec {
	readonly src: string;
	readonly dst: string;
	readonly payload: Uint8Array;
	/** Default 64. */
	readonly ttl?: number;
	/** Which bytes of the message this packet carries. */
	readonly fragment?: { readonly id: number; readonly from: number; readonly to: number };
}

const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 };

const IPV4_DONT_FRAGMENT = 0x4000;
const IPV4_MORE_FRAGMENTS = 0x2000;
const NEXT = { hop: 0, fragment: 44, dst: 60 } as const;

/** A TCP, UDP or SCTP packet. */
export function packet(spec: PacketSpec): Uint8Array {
	const proto = PROTO[spec.proto];
	const l4 = L4[spec.proto](spec);
	if (!spec.noChecksum) {
		if (spec.proto === "sctp") setSctpChecksum(l4, sctpChecksum(l4));
		else fillChecksum(l4, spec.proto === "tcp" ? 16 : 6, spec, proto);
	}
	const body = spec.fragment ? l4.slice(spec.fragment.from, spec.fragment.to) : l4;
	const more = spec.fragment !== undefined && spec.fragment.to < l4.length;
	const datagram = { ...spec, proto };
	return frame(spec, isIPv6(spec.src) ? ipv6(datagram, body, more) : ipv4(datagram, body, more));
}

/** An ICMP or ICMPv6 error. */
export function icmpError(spec: IcmpSpec): Uint8Array {
	const body = icmpBody(spec);
	const ip = isIPv6(spec.src)
		? ipv6Header(spec, body, PROTO.icmpv6)
		: ipv4Header(spec, body, PROTO.icmp);
	return frame({}, Uint8Array.from([...ip, ...body]));
}

/** An ICMP or ICMPv6 echo request: a ping. */
export function echoRequest(spec: EchoSpec): Uint8Array {
	const isV6 = isIPv6(spec.src);
	const type = isV6 ? 128 : 8;
	const whole = icmpBody({ ...spec, type, code: 0, info: 0x1234_0001, quote: spec.payload });
	const { from = 0, to = whole.length } = spec.fragment ?? {};
	const body = whole.slice(from, to);
	const routed = { ...spec, proto: isV6 ? PROTO.icmpv6 : PROTO.icmp };
	const more = to < whole.length;
	return frame({}, isV6 ? ipv6(routed, body, more) : ipv4(routed, body, more));
}

function icmpBody({ src, dst, type, code, info, quote }: IcmpSpec): Uint8Array {
	const body = new Uint8Array(8 + quote.length);
	body.set([type, code]);
	new DataView(body.buffer).setUint32(4, info ?? 0);
	body.set(quote, 8);
	if (isIPv6(src)) fillChecksum(body, 2, { src, dst }, PROTO.icmpv6);
	else setU16(body, 2, checksum(body));
	return body;
}

/** The frame without its Ethernet header, cut to `length` bytes: what errors quote. */
export function quoteOf(bytes: Uint8Array, length = bytes.length): Uint8Array {
	return bytes.slice(14, 14 + length);
}

function tcp(spec: PacketSpec): Uint8Array {
	const payload = spec.payload ?? new Uint8Array(0);
	const bytes = new Uint8Array(20 + payload.length);
	setU16(bytes, 0, spec.sport);
	setU16(bytes, 2, spec.dport);
	new DataView(bytes.buffer).setUint32(4, spec.seq ?? 0x01020304);
	bytes[12] = 5 << 4;
	bytes[13] = [...(spec.flags ?? "S")].reduce((all, letter) => all | (FLAGS[letter] ?? 0), 0);
	setU16(bytes, 14, 64240);
	bytes.set(payload, 20);
	return bytes;
}

function udp(spec: PacketSpec): Uint8Array {
	const payload = spec.payload ?? new Uint8Array(0);
	const bytes = new Uint8Array(8 + payload.length);
	setU16(bytes, 0, spec.sport);
	setU16(bytes, 2, spec.dport);
	setU16(bytes, 4, bytes.length);
	bytes.set(payload, 8);
	return bytes;
}

function sctp(spec: PacketSpec): Uint8Array {
	const names = spec.chunks ?? [CHUNK_LIKE[spec.flags ?? "S"] ?? "data"];
	const payload = spec.payload ?? new Uint8Array(0);
	const chunks = names.flatMap((name, i) => {
		const body = i === names.length - 1 ? [...payload] : [];
		const padding = new Array<number>(-body.length & 3).fill(0);
		const length = 4 + body.length;
		return [CHUNK[name], 0, length >> 8, length & 255, ...body, ...padding];
	});
	const bytes = Uint8Array.from([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, ...chunks]);
	setU16(bytes, 0, spec.sport);
	setU16(bytes, 2, spec.dport);
	return bytes;
}

const L4 = { tcp, udp, sctp } as const;
const CHUNK_LIKE: Readonly<Record<string, ChunkName>> = {
	S: "init",
	SA: "initAck",
	R: "abort",
	RA: "abort",
	F: "shutdown",
	FA: "shutdown",
};

function fillChecksum(
	l4: Uint8Array,
	at: number,
	ip: { readonly src: string; readonly dst: string },
	proto: number,
): void {
	const addresses = { src: addressBytes(ip.src), dst: addressBytes(ip.dst) };
	setU16(l4, at, 0);
	const sum = checksum(pseudoHeader({ ...addresses, proto, length: l4.length }), l4);
	setU16(l4, at, sum === 0 && proto === PROTO.udp ? 0xffff : sum);
}

type Routed = Pick<PacketSpec, "src" | "dst" | "ttl" | "options" | "mayFragment">;

interface Datagram extends Routed, Pick<PacketSpec, "fragment" | "extensions"> {
	/** IPPROTO_* */
	readonly proto: number;
}

function ipv4(spec: Datagram, body: Uint8Array, more: boolean): Uint8Array {
	const header = ipv4Header(spec, body, spec.proto);
	if (spec.fragment) {
		setU16(header, 4, spec.fragment.id);
		setU16(header, 6, (more ? IPV4_MORE_FRAGMENTS : 0) | (spec.fragment.from / 8));
		setU16(header, 10, 0);
		setU16(header, 10, checksum(header));
	}
	return Uint8Array.from([...header, ...body]);
}

function ipv4Header(spec: Routed, body: Uint8Array, proto: number): Uint8Array {
	const header = new Uint8Array(20 + (spec.options ?? 0)).fill(1);
	header.set([0x40 | (header.length / 4), 0, 0, 0, 0x12, 0x34, 0, 0, spec.ttl ?? 64, proto, 0, 0]);
	setU16(header, 2, header.length + body.length);
	setU16(header, 6, spec.mayFragment ? 0 : IPV4_DONT_FRAGMENT);
	header.set(addressBytes(spec.src), 12);
	header.set(addressBytes(spec.dst), 16);
	setU16(header, 10, checksum(header));
	return header;
}

function ipv6(spec: Datagram, l4: Uint8Array, more: boolean): Uint8Array {
	let body = l4;
	let next = spec.proto;
	if (spec.fragment) {
		const header = new Uint8Array(8);
		header[0] = next;
		setU16(header, 2, spec.fragment.from | (more ? 1 : 0));
		new DataView(header.buffer).setUint32(4, spec.fragment.id);
		body = Uint8Array.from([...header, ...body]);
		next = NEXT.fragment;
	}
	for (const extension of [...(spec.extensions ?? [])].reverse()) {
		// One PadN option of 4 bytes.
		body = Uint8Array.from([next, 0, 1, 4, 0, 0, 0, 0, ...body]);
		next = NEXT[extension];
	}
	return Uint8Array.from([...ipv6Header(spec, body, next), ...body]);
}

function ipv6Header(spec: Routed, body: Uint8Array, next: number): Uint8Array {
	const header = new Uint8Array(40);
	header[0] = 0x60;
	setU16(header, 4, body.length);
	header.set([next, spec.ttl ?? 64], 6);
	header.set(addressBytes(spec.src), 8);
	header.set(addressBytes(spec.dst), 24);
	return header;
}

function frame(
	spec: { readonly smac?: string; readonly dmac?: string },
	ip: Uint8Array,
): Uint8Array {
	const mac = (text: string): number[] => text.split(":").map((byte) => Number.parseInt(byte, 16));
	const type = (ip[0] ?? 0) >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
	const head = [...mac(spec.dmac ?? "02:00:00:00:00:02"), ...mac(spec.smac ?? "02:00:00:00:00:01")];
	return Uint8Array.from([...head, ...type, ...ip]);
}
