import type { Clock, Timings } from "./clock.ts";

/**
 * Pauses that double from attempt to attempt, each stretched by a random factor of 1 to 2 so that
 * the nodes of a cluster do not come back all at once.
 */
export class Backoff {
	readonly #timings: Pick<Timings, "minPauseMs" | "maxPauseMs">;
	readonly #clock: Pick<Clock, "random">;
	#attempts = 0;

	constructor(timings: Pick<Timings, "minPauseMs" | "maxPauseMs">, clock: Pick<Clock, "random">) {
		this.#timings = timings;
		this.#clock = clock;
	}

	/** To be called after real progress only. */
	reset(): void {
		this.#attempts = 0;
	}

	/** ms to wait before the next attempt; never more than the longest pause. */
	next(): number {
		const { minPauseMs, maxPauseMs } = this.#timings;
		const pause = minPauseMs * 2 ** Math.min(this.#attempts, 30) * (1 + this.#clock.random());
		this.#attempts += 1;
		return Math.min(pause, maxPauseMs);
	}
}
