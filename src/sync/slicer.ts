import { setImmediate } from "node:timers/promises";

/** Longest stretch of work before other events get their turn, in ms. */
const SLICE_MS = 5;

/** The clock and the scheduler, so that tests can bring their own. */
export interface Timing {
	/** Monotonic, in ms. */
	now(): number;
	/** Resolves after other events have had their turn. */
	pause(): Promise<void>;
}

export const REAL_TIMING: Timing = {
	now: () => performance.now(),
	pause: () => setImmediate(),
};

/** Cuts long work into slices, so that it does not stall the event loop. */
export class Slicer {
	readonly #timing: Timing;
	#start: number;

	constructor(timing: Timing) {
		this.#timing = timing;
		this.#start = timing.now();
	}

	/** To be awaited between steps of work; pauses only when the slice is used up. */
	async turn(): Promise<void> {
		if (!this.isOver()) return;
		await this.#timing.pause();
		this.#start = this.#timing.now();
	}

	isOver(): boolean {
		return this.#timing.now() - this.#start >= SLICE_MS;
	}
}
