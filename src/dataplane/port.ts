/**
 * What the rest of the agent needs from the kernel, as interfaces. The addon (addon.ts) and the
 * in-memory fake (fake.ts) implement them and pass one contract suite (test/contract).
 *
 * Keys and values are raw bytes in the layout of src/layout/structs.ts. Every failing call throws
 * BpfError (src/errors.ts) with `errno`, `code` (ENOENT, E2BIG, ...), `op` and `object`.
 */

/** How an update treats an existing key: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export type UpdateMode = "any" | "create" | "replace";

export interface MapInfo {
	readonly name: string;
	/** enum bpf_map_type, as in linux/bpf.h. */
	readonly type: number;
	readonly keySize: number;
	/** Bytes of one value; for per-CPU maps the bytes of one CPU's value. */
	readonly valueSize: number;
	readonly maxEntries: number;
	/** BPF_F_* flags the map was made with. */
	readonly flags: number;
	/** Kernel-wide map id; 0 for the fake. */
	readonly id: number;
}

export interface MapPort {
	readonly info: MapInfo;

	/** The value, or undefined when the key is absent. Per-CPU maps: all CPUs' values, each padded to 8 bytes. */
	lookup(key: Uint8Array): Uint8Array | undefined;

	/** Writes one entry. Throws EEXIST ("create"), ENOENT ("replace"), E2BIG when full. */
	update(key: Uint8Array, value: Uint8Array, mode?: UpdateMode): void;

	/** Removes one entry; false when it was not there. */
	delete(key: Uint8Array): boolean;

	/**
	 * Writes `count` entries laid out back to back. On failure throws BpfError whose `done` says how
	 * many were written (in order); the rest were not.
	 */
	updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void;

	/** Removes `count` keys; absent ones are skipped. Returns how many were removed. */
	deleteBatch(keys: Uint8Array, count: number): number;

	/**
	 * Reads on from `cursor` (undefined: from the start): at most `max` entries and the cursor for the
	 * next call, undefined at the end (more than `max` only when one bucket of a hash table holds
	 * more). Entries that change meanwhile may be missed or seen twice.
	 */
	lookupBatch(cursor: Uint8Array | undefined, max: number): MapPage;

	/**
	 * The map's memory from its start on, shared with the kernel; only for arrays made with
	 * BPF_F_MMAPABLE. Each value is padded to 8 bytes. The same buffer each call.
	 *
	 * @param bytes at least so many are wanted, and may be all that is given: then another call with
	 * another number ends the buffer that this one returned. Default: all.
	 */
	memory(bytes?: number): ArrayBuffer;
}

export interface MapPage {
	readonly keys: Uint8Array;
	readonly values: Uint8Array;
	readonly count: number;
	readonly cursor: Uint8Array | undefined;
}
