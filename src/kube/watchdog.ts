import type { IncomingMessage } from "node:http";
import { SilenceError } from "./api-error.ts";

/** Ends a response when nothing useful has come for too long. */
export class Watchdog {
	readonly #response: IncomingMessage;
	readonly #what: string;
	#timer: NodeJS.Timeout;

	/** `what` has not come, such as "an event". */
	constructor(response: IncomingMessage, what: string, silenceMs: number) {
		this.#response = response;
		this.#what = what;
		this.#timer = this.#start(silenceMs);
		response.once("close", () => clearTimeout(this.#timer));
	}

	/** Something useful has come. */
	feed(): void {
		this.#timer.refresh();
	}

	/** From now on another silence is too long. */
	allow(silenceMs: number): void {
		clearTimeout(this.#timer);
		this.#timer = this.#start(silenceMs);
	}

	#start(silenceMs: number): NodeJS.Timeout {
		return setTimeout(() => {
			this.#response.destroy(new SilenceError(`${this.#what} for ${silenceMs} ms`));
		}, silenceMs);
	}
}
