/** Says once what of an object is not served, and why. */
import type { Logger } from "../log.ts";
import type { Change, Skip } from "../model/objects.ts";

/** Skips of one object that are logged one by one; the rest is counted. */
const SHOWN = 5;

export class SkipLog {
	readonly #log: Logger;
	readonly #noted = new Map<string, { readonly text: string; readonly count: number }>();
	#count = 0;

	constructor(log: Logger) {
		this.#log = log;
	}

	/** Parts of objects that are not served at present. */
	get count(): number {
		return this.#count;
	}

	note(changes: readonly Change[]): void {
		for (const { kind, key, skips } of changes) {
			const id = `${kind} ${key}`;
			const before = this.#noted.get(id);
			if (before === undefined && skips.length === 0) continue;
			this.#count += skips.length - (before?.count ?? 0);
			if (skips.length === 0) {
				this.#noted.delete(id);
				continue;
			}
			const text = skips.map(({ object, reason }) => `${object}: ${reason}`).join("\n");
			this.#noted.set(id, { text, count: skips.length });
			if (text !== before?.text) this.#say(id, skips);
		}
	}

	#say(id: string, skips: readonly Skip[]): void {
		for (const { object, reason } of skips.slice(0, SHOWN)) {
			this.#log.info({ object, reason }, "not served");
		}
		if (skips.length > SHOWN) {
			this.#log.info({ object: id, more: skips.length - SHOWN }, "more of it is not served");
		}
	}
}
