/** Frames back into fields, every checksum computed again. */

import { CHUNK, type ChunkName, PROTO } from "./packet.ts";
import {
	addressText,
	checksum,
	pseudoHeader,
	sctpChecksum,
	sctpStored,
	u16,
	u32,
} from "./packet-bytes.ts";

/** Names of the header checksums that are wrong. */
export type BadChecksum = "ip" | "tcp" | "udp" | "sctp" | "icmp";

export interface Decoded {
	readonly smac?: string;
	readonly dmac?: string;
	readonly src: string;
	readonly dst: string;
	readonly ttl: number;
	/** "tcp", "udp", "sctp", "icmp" for both families, else the protocol's number. */
	readonly proto: string;
	readonly sport?: number;
	readonly dport?: number;
	/** TCP flags as letters in the order FSRPA. */
	readonly flags?: string;
	/** SCTP chunks, as far as they are there. */
	readonly chunks?: readonly (ChunkName | number)[];
	/** Bytes behind the L4 header, or all of them in a later fragment. */
	readonly payload?: string;
	/** Offset in bytes and whether more follow; absent when it is no fragment. */
	readonly fragment?: { readonly id: number; readonly offset: number; readonly more: boolean };
	readonly icmp?: { readonly type: number; readonly code: number; readonly info: number };
	/** What an ICMP error quotes; its L4 may be cut, and its L4 checksum is judged only when whole. */
	readonly quote?: Decoded;
	/** Empty when all is right. A datagram's checksum is not judged in a fragment. */
	readonly bad: readonly BadChecksum[];
}

interface Ip {
	readonly src: Uint8Array;
	readonly dst: Uint8Array;
	readonly ttl: number;
	readonly proto: number;
	readonly l4: Uint8Array;
	/** L4 bytes that the header announces. */
	readonly length: number;
	readonly fragment?: NonNullable<Decoded["fragment"]>;
	readonly badHeader: boolean;
}

/** Decodes a frame. */
export function decode(frame: Uint8Array): Decoded {
	const mac = (at: number): string =>
		[...frame.slice(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
	return { dmac: mac(0), smac: mac(6), ...decodeIp(frame.slice(14)) };
}

/** Decodes from the IP header on. */
export function decodeIp(bytes: Uint8Array): Decoded {
	const ip = (bytes[0] ?? 0) >> 4 === 6 ? readIpv6(bytes) : readIpv4(bytes);
	const l4 = readL4(ip);
	const names: Record<number, string> = {
		1: "icmp",
		6: "tcp",
		17: "udp",
		58: "icmp",
		132: "sctp",
	};
	return {
		src: addressText(ip.src),
		dst: addressText(ip.dst),
		ttl: ip.ttl,
		proto: names[ip.proto] ?? String(ip.proto),
		...(ip.fragment ? { fragment: ip.fragment } : {}),
		...l4,
		bad: [...(ip.badHeader ? (["ip"] as const) : []), ...l4.bad],
	};
}

function readIpv4(bytes: Uint8Array): Ip {
	const size = ((bytes[0] ?? 0) & 15) * 4;
	const total = u16(bytes, 2);
	const offset = (u16(bytes, 6) & 0x1fff) * 8;
	const more = (u16(bytes, 6) & 0x2000) !== 0;
	return {
		src: bytes.slice(12, 16),
		dst: bytes.slice(16, 20),
		ttl: bytes[8] ?? 0,
		proto: bytes[9] ?? 0,
		l4: bytes.slice(size, total),
		length: total - size,
		...(offset > 0 || more ? { fragment: { id: u16(bytes, 4), offset, more } } : {}),
		badHeader: checksum(bytes.slice(0, size)) !== 0,
	};
}

function readIpv6(bytes: Uint8Array): Ip {
	const end = 40 + u16(bytes, 4);
	let at = 40;
	let next = bytes[6] ?? 0;
	let fragment: Ip["fragment"];
	for (const extensions = [0, 43, 44, 60]; extensions.includes(next) && !fragment?.offset; ) {
		if (next === 44) {
			const word = u16(bytes, at + 2);
			fragment = { id: u32(bytes, at + 4), offset: word & 0xfff8, more: (word & 1) === 1 };
		}
		next = bytes[at] ?? 0;
		at += fragment ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8;
	}
	return {
		src: bytes.slice(8, 24),
		dst: bytes.slice(24, 40),
		ttl: bytes[7] ?? 0,
		proto: next,
		l4: bytes.slice(at, end),
		length: end - at,
		...(fragment ? { fragment } : {}),
		badHeader: false,
	};
}

type L4 = Pick<
	Decoded,
	"sport" | "dport" | "flags" | "chunks" | "payload" | "icmp" | "quote" | "bad"
>;

function readL4(ip: Ip): L4 {
	if (ip.fragment?.offset) return { payload: hex(ip.l4), bad: [] };
	if (ip.proto === PROTO.icmp || ip.proto === PROTO.icmpv6) return readIcmp(ip);
	if (ip.proto === PROTO.sctp) return readSctp(ip);
	const isTcp = ip.proto === PROTO.tcp;
	return {
		sport: u16(ip.l4, 0),
		dport: u16(ip.l4, 2),
		...(isTcp && ip.l4.length > 13 ? { flags: flagLetters(ip.l4[13] ?? 0) } : {}),
		payload: hex(ip.l4.slice(isTcp ? ((ip.l4[12] ?? 0) >> 4) * 4 : 8)),
		bad: checksumIsWrong(ip, isTcp) ? [isTcp ? "tcp" : "udp"] : [],
	};
}

/** Of a whole datagram only; UDP over IPv4 may have none. */
function checksumIsWrong(ip: Ip, isTcp: boolean): boolean {
	if (ip.fragment || ip.l4.length !== ip.length) return false;
	const absent = !isTcp && ip.src.length === 4 && u16(ip.l4, 6) === 0;
	return !absent && checksum(pseudoHeader(ip), ip.l4) !== 0;
}

/** A sum of 0 is left to a device, and not judged. */
function readSctp(ip: Ip): L4 {
	const isJudged = !ip.fragment && ip.l4.length === ip.length && sctpStored(ip.l4) !== 0;
	return {
		sport: u16(ip.l4, 0),
		dport: u16(ip.l4, 2),
		chunks: chunkNames(ip.l4),
		payload: hex(ip.l4.slice(12)),
		bad: isJudged && sctpStored(ip.l4) !== sctpChecksum(ip.l4) ? ["sctp"] : [],
	};
}

function chunkNames(l4: Uint8Array): (ChunkName | number)[] {
	const names: (ChunkName | number)[] = [];
	for (let at = 12; at + 4 <= l4.length; at += (Math.max(4, u16(l4, at + 2)) + 3) & ~3) {
		const type = l4[at] ?? 0;
		const known = Object.entries(CHUNK).find(([, number]) => number === type);
		names.push((known?.[0] as ChunkName | undefined) ?? type);
	}
	return names;
}

function readIcmp(ip: Ip): L4 {
	const pseudo = ip.proto === PROTO.icmpv6 ? pseudoHeader(ip) : new Uint8Array(0);
	const quote = ip.l4.slice(8);
	return {
		icmp: { type: ip.l4[0] ?? 0, code: ip.l4[1] ?? 0, info: u32(ip.l4, 4) },
		...(quote.length >= 28 ? { quote: decodeIp(quote) } : {}),
		bad: checksum(pseudo, ip.l4) !== 0 ? ["icmp"] : [],
	};
}

function flagLetters(byte: number): string {
	return ["F", "S", "R", "P", "A"].filter((_, i) => byte & (1 << i)).join("");
}

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}
