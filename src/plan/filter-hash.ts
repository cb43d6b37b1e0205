import { FilterKind } from "../layout/structs.ts";

/**
 * The hash of a tuple behind the filter map, the same as filter_hash() in bpf/filter.h. The low bits
 * of the result are the number of the tuple's bit.
 *
 * @param kind enum filter_kind
 * @param addr 16 address bytes, network order
 * @param port host order
 * @param proto IPPROTO_*
 * @returns an unsigned 32-bit number
 */
export function filterHash(kind: number, addr: Uint8Array, port: number, proto: number): number {
	const wirePort = ((port & 0xff) << 8) | ((port >> 8) & 0xff);
	return finish(mix(mixAddress(addr), Math.imul(kind, 0x9e3779b1) ^ wirePort ^ (proto << 16)));
}

/** The hash of an address alone, the same as filter_hash_address() in bpf/filter.h. */
export function filterAddressHash(addr: Uint8Array): number {
	return finish(mixAddress(addr));
}

/**
 * The hashes of all bits that must be set for the programs to notice packets of a tuple: its own
 * and, since they ask for a destination's address before its port, that of the address.
 */
export function filterHashes(
	kind: number,
	addr: Uint8Array,
	port: number,
	proto: number,
): readonly number[] {
	const tuple = filterHash(kind, addr, port, proto);
	return kind === FilterKind.FILTER_BACKEND ? [tuple] : [filterAddressHash(addr), tuple];
}

function mixAddress(addr: Uint8Array): number {
	let hash = 0;
	for (let i = 0; i < 16; i += 4) {
		const word =
			(addr[i] ?? 0) |
			((addr[i + 1] ?? 0) << 8) |
			((addr[i + 2] ?? 0) << 16) |
			((addr[i + 3] ?? 0) << 24);
		hash = mix(hash, word);
	}
	return hash;
}

function mix(hash: number, word: number): number {
	const mixed = Math.imul(hash ^ word, 0x85ebca6b);
	return mixed ^ (mixed >>> 13);
}

function finish(hash: number): number {
	return (hash ^ (hash >>> 16)) >>> 0;
}
