/** Says once what of an object is not served, and why. */
import type { Logger } from "../log.ts";
import type { Change } from "../model/objects.ts";

/** Skips of one object that are logged one by one; the rest is counted. */
const SHOWN = 5;

export class SkipLog {
	readonly #log: Logger;
	/** Object -> what was said of it last. */
	readonly #said = new Map<string, string>();

	constructor(log: Logger) {
		this.#log = log;
	}

	note(changes: readonly Change[]): void {
		for (const { kind, key, skips } of changes) {
			const id = `${kind} ${key}`;
			const text = skips.map(({ object, reason }) => `${object}: ${reason}`).join("\n");
			if (text === (this.#said.get(id) ?? "")) continue;
			if (text === "") {
				this.#said.delete(id);
				continue;
			}
			this.#said.set(id, text);
			for (const { object, reason } of skips.slice(0, SHOWN)) {
				this.#log.info({ object, reason }, "not served");
			}
			if (skips.length > SHOWN) {
				this.#log.info({ object: id, more: skips.length - SHOWN }, "more of it is not served");
			}
		}
	}
}
