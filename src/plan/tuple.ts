/**
 * An address, a port and two small numbers as one string of ten 16-bit units: the key under which
 * the plan keeps endpoints, frontends and tombstones. Short, and equal exactly when the tuples are.
 */
export type TupleKey = string;

export interface Tuple {
	/** 16 bytes, network order. */
	readonly addr: Uint8Array;
	readonly port: number;
	/** IPPROTO_* */
	readonly proto: number;
	/** enum scope for frontends, else 0. */
	readonly scope: number;
}

/** @param at where the 16 address bytes begin in `bytes` */
export function tupleKey(bytes: Uint8Array, at: number, port: number, tail: number): TupleKey {
	const unit = (i: number) => ((bytes[at + i] ?? 0) << 8) | (bytes[at + i + 1] ?? 0);
	return String.fromCharCode(
		unit(0),
		unit(2),
		unit(4),
		unit(6),
		unit(8),
		unit(10),
		unit(12),
		unit(14),
		port,
		tail,
	);
}

export function packTuple(tuple: Tuple): TupleKey {
	return tupleKey(tuple.addr, 0, tuple.port, (tuple.proto << 8) | tuple.scope);
}

export function unpackTuple(key: TupleKey): Tuple {
	const addr = new Uint8Array(16);
	for (let i = 0; i < 8; i++) {
		addr[2 * i] = key.charCodeAt(i) >> 8;
		addr[2 * i + 1] = key.charCodeAt(i) & 0xff;
	}
	const tail = key.charCodeAt(9);
	return { addr, port: key.charCodeAt(8), proto: tail >> 8, scope: tail & 0xff };
}
