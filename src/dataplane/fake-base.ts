import { constants } from "node:os";
import { BpfError } from "../errors.ts";
import type { MapInfo, MapPage, MapPort, UpdateMode } from "./port.ts";

/** enum bpf_map_type, as far as the fake goes. */
export const MAP_TYPE = { HASH: 1, ARRAY: 2, PERCPU_ARRAY: 6, LRU_HASH: 9, LPM_TRIE: 11 } as const;

/** What a map is made with. */
export interface FakeMapOptions {
	readonly name: string;
	readonly type: number;
	readonly keySize: number;
	readonly valueSize: number;
	readonly maxEntries: number;
	/** BPF_F_*; default 0. */
	readonly flags?: number;
	/** CPUs that per-CPU maps hold values for; default 2. */
	readonly cpus?: number;
}

const CURSOR_SIZE = 4;

const ERRNO: Readonly<Record<string, number>> = constants.errno;

/** A key and where it comes in the order of lookupBatch. */
export interface PlacedKey {
	readonly key: Uint8Array;
	readonly position: number;
}

/** What fake maps of every type share: checks of sizes, errors, batches as loops. */
export abstract class FakeMap implements MapPort {
	readonly info: MapInfo;
	/** Bytes of a value as lookup and update see it. */
	readonly #valueSize: number;

	constructor(options: FakeMapOptions, valueSize: number = options.valueSize) {
		this.info = Object.freeze({
			name: options.name,
			type: options.type,
			keySize: options.keySize,
			valueSize: options.valueSize,
			maxEntries: options.maxEntries,
			flags: options.flags ?? 0,
			id: 0,
		});
		this.#valueSize = valueSize;
	}

	abstract memory(): ArrayBuffer;
	/** The value or undefined; the caller owns it. */
	protected abstract read(key: Uint8Array): Uint8Array | undefined;
	/** The errno's name, or nothing when it worked. */
	protected abstract write(
		key: Uint8Array,
		value: Uint8Array,
		mode: UpdateMode,
	): string | undefined;
	protected abstract remove(key: Uint8Array): string | undefined;
	/** Keys from that position on, in rising positions, which stay what they are as long as the key does. */
	protected abstract keysFrom(position: number, max: number): readonly PlacedKey[];

	lookup(key: Uint8Array): Uint8Array | undefined {
		this.#check("key", key, this.info.keySize);
		return this.read(key);
	}

	update(key: Uint8Array, value: Uint8Array, mode: UpdateMode = "any"): void {
		this.#check("key", key, this.info.keySize);
		this.#check("value", value, this.#valueSize);
		const code = this.write(key, value, mode);
		if (code !== undefined) throw this.failure(code, "map update");
	}

	delete(key: Uint8Array): boolean {
		this.#check("key", key, this.info.keySize);
		const code = this.remove(key);
		if (code !== undefined && code !== "ENOENT") throw this.failure(code, "map delete");
		return code === undefined;
	}

	updateBatch(keys: Uint8Array, values: Uint8Array, count: number): void {
		this.#check("keys", keys, count * this.info.keySize);
		this.#check("values", values, count * this.#valueSize);
		for (let i = 0; i < count; i++) {
			const code = this.write(
				part(keys, i, this.info.keySize),
				part(values, i, this.#valueSize),
				"any",
			);
			if (code !== undefined) throw this.failure(code, "map update batch", i);
		}
	}

	deleteBatch(keys: Uint8Array, count: number): number {
		this.#check("keys", keys, count * this.info.keySize);
		let removed = 0;
		for (let i = 0; i < count; i++) {
			const code = this.remove(part(keys, i, this.info.keySize));
			if (code !== undefined && code !== "ENOENT") {
				throw this.failure(code, "map delete batch", removed);
			}
			if (code === undefined) removed++;
		}
		return removed;
	}

	lookupBatch(cursor: Uint8Array | undefined, max: number): MapPage {
		if (cursor) this.#check("cursor", cursor, CURSOR_SIZE);
		const start = cursor ? viewOf(cursor).getUint32(0, true) : 0;
		const found = this.keysFrom(start, max);
		const keys = new Uint8Array(found.length * this.info.keySize);
		const values = new Uint8Array(found.length * this.#valueSize);
		found.forEach(({ key }, i) => {
			keys.set(key, i * this.info.keySize);
			values.set(this.read(key) ?? [], i * this.#valueSize);
		});
		const position = (found.at(-1)?.position ?? start) + 1;
		const next = new Uint8Array(CURSOR_SIZE);
		viewOf(next).setUint32(0, position, true);
		const more = this.keysFrom(position, 1).length > 0;
		return { keys, values, count: found.length, cursor: more ? next : undefined };
	}

	protected failure(code: string, op: string, done = 0): BpfError {
		// ENOTSUPP is the kernel's own, unknown to every C library.
		const errno = code === "ENOTSUPP" ? 524 : (ERRNO[code] ?? 0);
		const message = `${op} of ${this.info.name} failed (${code})`;
		return new BpfError({ message, code, errno, op, object: this.info.name, done });
	}

	#check(what: string, bytes: Uint8Array, size: number): void {
		if (bytes.byteLength !== size) {
			throw new TypeError(
				`The ${what} of map ${this.info.name} must have ${size} bytes, not ${bytes.byteLength}.`,
			);
		}
	}
}

function part(bytes: Uint8Array, index: number, size: number): Uint8Array {
	return bytes.subarray(index * size, (index + 1) * size);
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
