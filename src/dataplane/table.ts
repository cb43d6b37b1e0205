import type { MapPort, UpdateMode } from "./port.ts";

/** How a key or value lies in memory; the generated layouts are such codecs. */
export interface Codec<T> {
	readonly SIZE: number;
	encode(value: T, view: DataView, at: number): void;
	decode(view: DataView, at: number): T;
}

/** A plain 32-bit number in host byte order. */
export const U32: Codec<number> = {
	SIZE: 4,
	encode: (value, view, at) => view.setUint32(at, value, true),
	decode: (view, at) => view.getUint32(at, true),
};

const PAGE = 512;

/** A map as typed keys and values. Failing calls throw BpfError, as the port's do. */
export class Table<K, V> {
	readonly port: MapPort;
	readonly #key: Codec<K>;
	readonly #value: Codec<V>;

	constructor(port: MapPort, key: Codec<K>, value: Codec<V>) {
		this.port = port;
		this.#key = key;
		this.#value = value;
	}

	get(key: K): V | undefined {
		const bytes = this.port.lookup(encoded(this.#key, key));
		return bytes && this.#value.decode(viewOf(bytes), 0);
	}

	set(key: K, value: V, mode?: UpdateMode): void {
		this.port.update(encoded(this.#key, key), encoded(this.#value, value), mode);
	}

	/** Makes the value all zero. */
	clear(key: K): void {
		this.port.update(encoded(this.#key, key), new Uint8Array(this.#value.SIZE));
	}

	/** false when it was not there. */
	delete(key: K): boolean {
		return this.port.delete(encoded(this.#key, key));
	}

	/** All entries, a page at a time; entries that change meanwhile may be missed or come twice. */
	*pages(): Generator<[K, V][]> {
		let cursor: Uint8Array | undefined;
		do {
			const page = this.port.lookupBatch(cursor, PAGE);
			const keys = viewOf(page.keys);
			const values = viewOf(page.values);
			const entries: [K, V][] = [];
			for (let i = 0; i < page.count; i++) {
				entries.push([
					this.#key.decode(keys, i * this.#key.SIZE),
					this.#value.decode(values, i * this.#value.SIZE),
				]);
			}
			yield entries;
			cursor = page.cursor;
		} while (cursor);
	}

	entries(): [K, V][] {
		return [...this.pages()].flat();
	}
}

function encoded<T>(codec: Codec<T>, value: T): Uint8Array {
	const bytes = new Uint8Array(codec.SIZE);
	codec.encode(value, viewOf(bytes), 0);
	return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
