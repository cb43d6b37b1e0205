import { isFull } from "../errors.ts";
import type { Write } from "../plan/order.ts";
import type { State } from "../plan/state.ts";
import type { WriteTarget } from "./maps.ts";
import type { Slicer } from "./slicer.ts";

/** The map that a write goes to, for messages about full maps. */
const HASH_MAP_OF: Readonly<Partial<Record<Write["kind"], string>>> = {
	name: "names",
	frontend: "frontends",
	tombstone: "tombstones",
	range: "ranges",
};

/** Writes between two looks at the clock. */
const STRETCH = 64;

/** Makes writes and keeps the State in step with them. */
export class Applier {
	readonly #state: State;
	readonly #target: WriteTarget;
	/** Writes made. */
	count = 0;

	constructor(state: State, target: WriteTarget) {
		this.#state = state;
		this.#target = target;
	}

	one(write: Write, now: number): void {
		this.#target.apply(write);
		this.count++;
		this.#state.applied(write, now);
	}

	/**
	 * Makes the writes of a plan in their order. A full hash map leaves out that one entry; without its
	 * name a service is not begun. Returns the maps that were full. Any other failure is thrown.
	 */
	async all(writes: readonly Write[], now: number, slicer: Slicer): Promise<Set<string>> {
		const full = new Set<string>();
		for (const [i, write] of writes.entries()) {
			if (i % STRETCH === STRETCH - 1) await slicer.turn();
			try {
				this.one(write, now);
			} catch (error) {
				const map = HASH_MAP_OF[write.kind];
				if (map === undefined || !isFull(error)) throw error;
				full.add(map);
				if (write.kind === "name") return full;
			}
		}
		return full;
	}
}
