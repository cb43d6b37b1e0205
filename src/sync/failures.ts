import type { ObjectKey } from "../model/objects.ts";
import type { SyncTrouble } from "./status.ts";

/** What of each Service is not in the maps, and why. */
export class Failures {
	readonly #reasons = new Map<ObjectKey, string>();
	readonly #refused = new Set<ObjectKey>();
	readonly #fullMaps = new Map<ObjectKey, readonly string[]>();

	get size(): number {
		return this.#reasons.size;
	}

	keys(): IterableIterator<ObjectKey> {
		return this.#reasons.keys();
	}

	/**
	 * How the last attempt went.
	 *
	 * @param full maps in which there was no room
	 * @param failure "": everything was written for which there was room
	 */
	note(key: ObjectKey, full: ReadonlySet<string>, failure = ""): void {
		const noRoom = full.size > 0 ? `no room in the maps: ${[...full].join(", ")}` : "";
		const reason = failure === "" ? noRoom : failure;
		if (reason === "") this.#reasons.delete(key);
		else this.#reasons.set(key, reason);
		if (failure === "") this.#refused.delete(key);
		else this.#refused.add(key);
		if (full.size === 0) this.#fullMaps.delete(key);
		else this.#fullMaps.set(key, [...full]);
	}

	trouble(): SyncTrouble {
		const fullMaps = new Set([...this.#fullMaps.values()].flat());
		return { failures: this.#reasons, refused: this.#refused, fullMaps };
	}
}
