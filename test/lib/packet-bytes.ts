/** Addresses, integers and Internet checksums for test/lib/packet.ts; shares no code with bpf/. */
import { isIPv6 } from "node:net";

const SCTP_CHECK = 8;

/** The 4 or 16 bytes of an address. Knows "::" and hexadecimal groups, not embedded IPv4. */
export function addressBytes(text: string): Uint8Array {
	if (!isIPv6(text)) return Uint8Array.from(text.split("."), Number);
	const [head = "", tail] = text.split("::");
	const groups = (part: string): number[] =>
		part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
	const first = groups(head);
	const last = tail === undefined ? [] : groups(tail);
	const zeros = new Array<number>(8 - first.length - last.length).fill(0);
	return Uint8Array.from(
		[...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 255]),
	);
}

/** The same 16 bytes as struct ip_addr has: IPv4 as ::ffff:a.b.c.d. */
export function ipAddr(text: string): Uint8Array {
	const bytes = addressBytes(text);
	if (bytes.length === 16) return bytes;
	return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...bytes]);
}

/** Text of 4 or 16 bytes, or of a struct ip_addr that holds IPv4. */
export function addressText(bytes: Uint8Array): string {
	const mapped = bytes.length === 16 && bytes.slice(0, 12).join() === "0,0,0,0,0,0,0,0,0,0,255,255";
	if (bytes.length === 4) return bytes.join(".");
	if (mapped) return bytes.slice(12).join(".");
	const groups = Array.from({ length: 8 }, (_, i) => u16(bytes, 2 * i).toString(16));
	return groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}

export function u16(bytes: Uint8Array, at: number): number {
	return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >> 8;
	bytes[at + 1] = value;
}

export function u32(bytes: Uint8Array, at: number): number {
	return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

/** RFC 1071 over the parts, each as if it had an even length; 0 when their checksum is right. */
export function checksum(...parts: readonly Uint8Array[]): number {
	let sum = 0;
	for (const part of parts) {
		for (let i = 0; i < part.length; i += 2) sum += u16(part, i);
	}
	while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
	return ~sum & 0xffff;
}

/** CRC32c of the bytes, bit by bit (RFC 9260, appendix A). */
export function crc32c(bytes: Uint8Array): number {
	let crc = 0xffff_ffff;
	for (const byte of bytes) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
	}
	return ~crc >>> 0;
}

/** The checksum that an SCTP packet should have: of all its bytes, with zeros in its place. */
export function sctpChecksum(l4: Uint8Array): number {
	const zeroed = Uint8Array.from(l4);
	zeroed.fill(0, SCTP_CHECK, SCTP_CHECK + 4);
	return crc32c(zeroed);
}

/** The one that it has: stored with the least significant byte first. */
export function sctpStored(l4: Uint8Array): number {
	return new DataView(l4.buffer, l4.byteOffset, l4.length).getUint32(SCTP_CHECK, true);
}

export function setSctpChecksum(l4: Uint8Array, sum: number): void {
	new DataView(l4.buffer, l4.byteOffset, l4.length).setUint32(SCTP_CHECK, sum, true);
}

/** The pseudo header of TCP, UDP and ICMPv6. */
export function pseudoHeader(ip: {
	readonly src: Uint8Array;
	readonly dst: Uint8Array;
	readonly proto: number;
	readonly length: number;
}): Uint8Array {
	const tail = new Uint8Array(4);
	setU16(tail, 0, ip.length);
	setU16(tail, 2, ip.proto);
	return Uint8Array.from([...ip.src, ...ip.dst, ...tail]);
}
