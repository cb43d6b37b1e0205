/** Internet checksums as sums modulo 65535 (RFC 1071): 0 is right, anything else is by how much it is wrong. */
import { u16 } from "../../lib/packet-bytes.ts";

/** CRC32c of the bytes, by a table of what each value of a byte does. */
export function crc32c(bytes: Uint8Array): number {
	let crc = 0xffff_ffff;
	for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
	return ~crc >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 && 0x82f6_3b78);
	return crc;
});

/** By which bits the checksum of an SCTP message is wrong: 0 is right. Of what is too short nobody looks at it. */
export function sctpError(message: Uint8Array): number {
	if (message.length < 12) return 0;
	const zeroed = Uint8Array.from(message).fill(0, 8, 12);
	const stored = new DataView(message.buffer, message.byteOffset).getUint32(8, true);
	return (crc32c(zeroed) ^ stored) >>> 0;
}

/**
 * The message that an SCTP packet says to carry: as long as its IP header says, with zeros for what is
 * not there. Its checksum's error is then comparable before and after.
 */
export function sctpMessage(
	bytes: Uint8Array,
	{ isV6, l3, l4 }: { readonly isV6: boolean; readonly l3: number; readonly l4: number },
): Uint8Array {
	const end = isV6 ? l3 + 40 + u16(bytes, l3 + 4) : l3 + u16(bytes, l3 + 2);
	const message = new Uint8Array(Math.max(0, end - l4));
	message.set(bytes.slice(l4, Math.min(end, bytes.length)));
	return message;
}

/** Sum of the bytes from `from` up to `to`, as 16-bit words, modulo 65535. */
export function sumOf(bytes: Uint8Array, from: number, to: number): number {
	let sum = 0;
	for (let at = from; at < to; at += 2) {
		sum += at + 1 < to ? u16(bytes, at) : (bytes[at] ?? 0) << 8;
	}
	return sum % 65535;
}

/** Sum of the addresses in an IP header; protocol and length are the same before and after. */
export function addressSum(bytes: Uint8Array, l3: number, isV6: boolean): number {
	return isV6 ? sumOf(bytes, l3 + 8, l3 + 40) : sumOf(bytes, l3 + 12, l3 + 20);
}

/** What the L4 checksum covers, but for protocol and length. */
export function l4Sum(
	bytes: Uint8Array,
	{ isV6, l3, l4 }: { readonly isV6: boolean; readonly l3: number; readonly l4: number },
): number {
	return (addressSum(bytes, l3, isV6) + sumOf(bytes, l4, bytes.length)) % 65535;
}
