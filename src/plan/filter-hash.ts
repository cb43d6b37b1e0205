/**
 * The hash behind the filter map, the same as filter_hash() in bpf/filter.h. The low bits of the
 * result, under settings.filter_mask, are the number of the tuple's bit.
 *
 * @param kind enum filter_kind
 * @param addr 16 address bytes, network order
 * @param port host order
 * @param proto IPPROTO_*
 * @returns an unsigned 32-bit number
 */
export function filterHash(kind: number, addr: Uint8Array, port: number, proto: number): number {
	const wirePort = ((port & 0xff) << 8) | ((port >> 8) & 0xff);
	let h = Math.imul(kind, 0x9e3779b1) ^ wirePort ^ (proto << 16);
	for (let i = 0; i < 16; i += 4) {
		const word =
			(addr[i] ?? 0) |
			((addr[i + 1] ?? 0) << 8) |
			((addr[i + 2] ?? 0) << 16) |
			((addr[i + 3] ?? 0) << 24);
		h = Math.imul(h ^ word, 0x85ebca6b);
		h ^= h >>> 13;
	}
	return (h ^ (h >>> 16)) >>> 0;
}
