/** Runs the expiry step by step beside everything else, pass after pass. */
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Expiry, PassResult } from "./expiry.ts";

/** Between two steps of a pass, and between two passes. */
const STEP_PAUSE_MS = 10;
const PASS_PAUSE_MS = 1000;

/** Told of each whole pass, pauses included in its time. */
export type OnPass = (pass: { readonly seconds: number } & Pick<PassResult, "deleted">) => void;

export class FlowKeeper {
	readonly #expiry: Expiry;
	readonly #log: Logger;
	readonly #onPass: OnPass;
	#timer: NodeJS.Timeout | undefined;
	#stopped = false;
	#last: PassResult = { flows: 0, overflow: 0, deleted: { IPv4: 0, IPv6: 0 } };
	/** When the pass under way began. */
	#begun: number | undefined;
	#error = "";

	constructor(expiry: Expiry, log: Logger, onPass: OnPass) {
		this.#expiry = expiry;
		this.#log = log;
		this.#onPass = onPass;
	}

	/** What the last whole pass saw. */
	get last(): PassResult {
		return this.#last;
	}

	/** Why the last step failed; "" when it did not. */
	get error(): string {
		return this.#error;
	}

	start(): void {
		this.#after(0);
	}

	/** For good: attaching may still be under way, and starts it at its end. */
	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	#after(ms: number): void {
		if (this.#stopped) return;
		this.#timer = setTimeout(() => this.#step(), ms);
	}

	#step(): void {
		let pause = STEP_PAUSE_MS;
		this.#begun ??= performance.now();
		try {
			const result = this.#expiry.step();
			if (result !== undefined) {
				this.#last = result;
				pause = PASS_PAUSE_MS;
				const seconds = (performance.now() - this.#begun) / 1000;
				this.#begun = undefined;
				this.#onPass({ seconds, deleted: result.deleted });
				if (result.deleted.IPv4 + result.deleted.IPv6 > 0)
					this.#log.debug({ ...result }, "flows expired");
			}
			this.#error = "";
		} catch (error) {
			const reason = reasonOf(error);
			if (reason !== this.#error) this.#log.error({ reason }, "flows cannot be expired");
			this.#error = reason;
			pause = PASS_PAUSE_MS;
		}
		this.#after(pause);
	}
}
