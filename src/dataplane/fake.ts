/**
 * Maps in this process's memory, with the kernel's limits and errors: for tests and for `sluice plan`,
 * where there is no kernel. test/contract holds them to what the kernel does.
 */
import { FakeMap, type FakeMapOptions, MAP_TYPE, type PlacedKey } from "./fake-base.ts";
import type { MapPort, UpdateMode } from "./port.ts";

export { type FakeMapOptions, MAP_TYPE } from "./fake-base.ts";

const BPF_F_MMAPABLE = 1 << 10;

/** An empty map of that type; RangeError for types that the fake does not know. */
export function fakeMap(options: FakeMapOptions): MapPort {
	switch (options.type) {
		case MAP_TYPE.HASH:
		case MAP_TYPE.LRU_HASH:
		case MAP_TYPE.LPM_TRIE:
			return new FakeHash(options);
		case MAP_TYPE.ARRAY:
		case MAP_TYPE.PERCPU_ARRAY:
			return new FakeArray(options);
		default:
			throw new RangeError(`There is no fake for maps of type ${options.type}.`);
	}
}

/**
 * Hash tables, and tries of prefixes, of which lookup() finds only the very same prefix. LRU ones drop the entry written longest ago; the kernel is less exact about it.
 */
class FakeHash extends FakeMap {
	/** In the order of their positions: keys that come later get higher ones. */
	readonly #entries = new Map<string, { readonly position: number; readonly value: Uint8Array }>();
	#next = 0;

	override memory(): ArrayBuffer {
		throw this.failure("ENOTSUPP", "map memory");
	}

	protected override read(key: Uint8Array): Uint8Array | undefined {
		return this.#entries.get(nameOf(key))?.value.slice();
	}

	protected override write(key: Uint8Array, value: Uint8Array, mode: UpdateMode) {
		const name = nameOf(key);
		const present = this.#entries.has(name);
		if (present && mode === "create") return "EEXIST";
		if (!present && mode === "replace") return "ENOENT";
		if (!present && this.#entries.size >= this.info.maxEntries && !this.#evict()) {
			return this.info.type === MAP_TYPE.LPM_TRIE ? "ENOSPC" : "E2BIG";
		}
		if (this.info.type === MAP_TYPE.LRU_HASH) this.#entries.delete(name);
		const position = this.#entries.get(name)?.position ?? this.#next++;
		this.#entries.set(name, { position, value: value.slice() });
		return undefined;
	}

	protected override remove(key: Uint8Array) {
		return this.#entries.delete(nameOf(key)) ? undefined : "ENOENT";
	}

	protected override keysFrom(position: number, max: number): readonly PlacedKey[] {
		const found: PlacedKey[] = [];
		for (const [name, entry] of this.#entries) {
			if (found.length >= max) break;
			if (entry.position < position) continue;
			const key = Uint8Array.from(Buffer.from(name, "latin1"));
			found.push({ key, position: entry.position });
		}
		return found;
	}

	#evict(): boolean {
		const [oldest] = this.#entries.keys();
		return (
			this.info.type === MAP_TYPE.LRU_HASH && oldest !== undefined && this.#entries.delete(oldest)
		);
	}
}

/** Arrays, whose entries all exist from the start, as zeros; per-CPU ones too. */
class FakeArray extends FakeMap {
	readonly #memory: ArrayBuffer;
	readonly #stride: number;
	/** Bytes of it that lookup and update see. */
	readonly #used: number;

	constructor(options: FakeMapOptions) {
		const padded = roundUp8(options.valueSize);
		const perCpu = options.type === MAP_TYPE.PERCPU_ARRAY;
		const stride = perCpu ? padded * (options.cpus ?? 2) : padded;
		const used = perCpu ? stride : options.valueSize;
		if (options.keySize !== 4) throw new RangeError("The key of an array must have 4 bytes.");
		super(options, used);
		this.#stride = stride;
		this.#used = used;
		this.#memory = new ArrayBuffer(stride * options.maxEntries);
	}

	override memory(): ArrayBuffer {
		if (this.info.type !== MAP_TYPE.ARRAY) throw this.failure("ENOTSUPP", "map memory");
		if (!(this.info.flags & BPF_F_MMAPABLE)) throw this.failure("EINVAL", "map memory");
		return this.#memory;
	}

	protected override read(key: Uint8Array): Uint8Array | undefined {
		return this.#entry(key)?.slice();
	}

	protected override write(key: Uint8Array, value: Uint8Array, mode: UpdateMode) {
		const entry = this.#entry(key);
		if (entry === undefined) return "E2BIG";
		if (mode === "create") return "EEXIST";
		entry.set(value);
		return undefined;
	}

	protected override remove(): string {
		return "EINVAL";
	}

	protected override keysFrom(position: number, max: number): readonly PlacedKey[] {
		const count = Math.max(0, Math.min(max, this.info.maxEntries - position));
		return Array.from({ length: count }, (_, i) => {
			const key = new Uint8Array(4);
			new DataView(key.buffer).setUint32(0, position + i, true);
			return { key, position: position + i };
		});
	}

	#entry(key: Uint8Array): Uint8Array | undefined {
		const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
		if (index >= this.info.maxEntries) return undefined;
		return new Uint8Array(this.#memory, index * this.#stride, this.#used);
	}
}

function roundUp8(size: number): number {
	return (size + 7) & ~7;
}

function nameOf(key: Uint8Array): string {
	return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}
