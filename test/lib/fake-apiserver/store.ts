/** An API object as the fake keeps it; `metadata.resourceVersion` and `uid` are the store's. */
export interface StoredObject {
	readonly metadata: {
		readonly name: string;
		readonly namespace?: string;
		readonly uid?: string;
		readonly resourceVersion?: string;
		readonly labels?: Readonly<Record<string, string>>;
		readonly [field: string]: unknown;
	};
	readonly [field: string]: unknown;
}

/** One write; `before` and `after` are undefined where the object did not, or does not, exist. */
export interface StoredEvent {
	readonly version: number;
	readonly path: string;
	readonly before: StoredObject | undefined;
	readonly after: StoredObject | undefined;
}

/** Versioned objects by path (such as "/api/v1/services") and a bounded log of writes. */
export class Store {
	#version = 1;
	#nextUid = 1;
	/** Watches can begin at versions from here on. */
	#oldest = 1;
	#log: StoredEvent[] = [];
	readonly #objects = new Map<string, Map<string, StoredObject>>();
	readonly #listeners = new Set<(event: StoredEvent) => void>();

	get version(): number {
		return this.#version;
	}

	/** Creates or updates. */
	put(path: string, object: StoredObject): StoredObject {
		const objects = this.#of(path);
		const key = keyOf(object);
		const before = objects.get(key);
		const uid = before?.metadata.uid ?? `uid-${this.#nextUid++}`;
		const resourceVersion = String(++this.#version);
		const after = { ...object, metadata: { ...object.metadata, uid, resourceVersion } };
		objects.set(key, after);
		this.#record({ version: this.#version, path, before, after });
		return after;
	}

	delete(path: string, key: string): void {
		const before = this.#of(path).get(key);
		if (before) {
			this.#of(path).delete(key);
			this.#record({ version: ++this.#version, path, before, after: undefined });
		}
	}

	list(path: string): readonly StoredObject[] {
		return [...this.#of(path).values()];
	}

	/** The writes after a version; undefined when the log does not reach back that far. */
	since(version: number): readonly StoredEvent[] | undefined {
		return version < this.#oldest ? undefined : this.#log.filter((e) => e.version > version);
	}

	/** Forgets the history, as etcd's compaction does. */
	compact(): void {
		this.#log = [];
		this.#oldest = this.#version;
	}

	/** Versions go back, as after etcd was restored from a backup; objects stay as they are. */
	rewind(versions: number): void {
		this.#version = Math.max(1, this.#version - versions);
		const resourceVersion = String(this.#version);
		for (const objects of this.#objects.values()) {
			for (const [key, object] of objects) {
				objects.set(key, { ...object, metadata: { ...object.metadata, resourceVersion } });
			}
		}
		this.compact();
	}

	subscribe(listener: (event: StoredEvent) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	#of(path: string): Map<string, StoredObject> {
		const objects = this.#objects.get(path) ?? new Map<string, StoredObject>();
		this.#objects.set(path, objects);
		return objects;
	}

	#record(event: StoredEvent): void {
		this.#log.push(event);
		for (const listener of this.#listeners) {
			listener(event);
		}
	}
}

export function keyOf({ metadata }: StoredObject): string {
	return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}
