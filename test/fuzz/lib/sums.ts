/** Internet checksums as sums modulo 65535 (RFC 1071): 0 is right, anything else is by how much it is wrong. */
import { u16 } from "../../lib/packet-bytes.ts";

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
