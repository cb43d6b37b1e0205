import { setImmediate as nextTurn } from "node:timers/promises";

/** Work between two turns of the event loop, in ms. */
const SLICE_MS = 4;

/** Cuts long work into slices, so that timers and other sockets get their turn. */
export class Pacer {
	#sliceEnd = 0;

	/** Whether it is time to await turn(). */
	due(): boolean {
		return performance.now() >= this.#sliceEnd;
	}

	async turn(): Promise<void> {
		await nextTurn();
		this.#sliceEnd = performance.now() + SLICE_MS;
	}
}
