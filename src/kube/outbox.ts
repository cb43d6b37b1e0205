import type { Logger } from "../log.ts";
import type { Change, SourceListener } from "../model/objects.ts";

/**
 * Hands changes to the listener outside of the reading of streams, those of one turn of the event
 * loop together. A listener that throws is logged and loses that batch only.
 */
export class Outbox {
	readonly #listener: SourceListener;
	readonly #log: Logger;
	#changes: Change[] = [];
	#due: NodeJS.Immediate | undefined;
	#done = false;
	#synced: (() => void) | undefined;

	constructor(listener: SourceListener, log: Logger) {
		this.#listener = listener;
		this.#log = log;
	}

	add(changes: readonly Change[]): void {
		if (this.#changes.length === 0) {
			this.#changes = [...changes];
		} else {
			for (const change of changes) {
				this.#changes.push(change);
			}
		}
		this.#schedule();
	}

	/** Calls onSynced after everything that has been added so far. */
	sync(isComplete = true): void {
		this.#synced = () => this.#listener.onSynced(isComplete);
		this.#schedule();
	}

	/** Nothing is handed over any more. */
	close(): void {
		this.#done = true;
		clearImmediate(this.#due);
	}

	#schedule(): void {
		if (!this.#done) {
			this.#due ??= setImmediate(() => this.#flush());
		}
	}

	#flush(): void {
		this.#due = undefined;
		const changes = this.#changes;
		const synced = this.#synced;
		this.#changes = [];
		this.#synced = undefined;
		if (changes.length > 0) {
			this.#attempt(() => this.#listener.onChanges(changes));
		}
		if (synced) {
			this.#attempt(synced);
		}
	}

	#attempt(call: () => void): void {
		try {
			call();
		} catch (error) {
			this.#log.error({ err: error }, "handling changes of API objects failed");
		}
	}
}
