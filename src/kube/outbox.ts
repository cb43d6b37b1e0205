import type { Logger } from "../log.ts";
import type { Change, SourceListener } from "../model/objects.ts";

/**
 * Changes in one turn of the event loop before onSynced: a first list has tens of thousands. Nobody
 * acts on them yet; afterwards, what came together is handed over together.
 */
const FIRST_CHANGES = 250;

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
	#following = false;

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
		const count = this.#following ? this.#changes.length : FIRST_CHANGES;
		const changes = this.#changes.splice(0, count);
		if (changes.length > 0) {
			this.#attempt(() => this.#listener.onChanges(changes));
		}
		if (this.#changes.length > 0) {
			this.#schedule();
		} else if (this.#synced) {
			const synced = this.#synced;
			this.#synced = undefined;
			this.#following = true;
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
