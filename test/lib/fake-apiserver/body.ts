import type { ServerResponse } from "node:http";
import type { BodyFault, Fault } from "./fault.ts";

/** Writes the parts of a response's body, and does to them what the fault says. */
export class Body {
	readonly #response: ServerResponse;
	readonly #fault: BodyFault | undefined;
	readonly #after: number;
	#count = 0;
	#held = "";
	#dead = false;
	#slow: Promise<void> | undefined;

	constructor(response: ServerResponse, fault: Fault | undefined) {
		this.#response = response;
		this.#fault = fault && fault.kind !== "status" ? fault.kind : undefined;
		this.#after = fault && fault.kind !== "status" ? fault.after : 0;
	}

	/** A whole part: a line of a watch, or an item of a list. */
	part(text: string): void {
		const now = this.#fault !== undefined && this.#count++ === this.#after;
		if (now) {
			this.#suffer(text);
		} else {
			this.#write(text + this.#held);
			this.#held = "";
		}
	}

	/** Something between parts. */
	write(text: string): void {
		this.#write(text);
	}

	end(): void {
		if (this.#dead) {
			return;
		}
		this.#write(this.#held);
		this.#dead = true;
		if (this.#slow !== undefined) {
			void this.#slow.then(() => this.#response.end());
		} else {
			this.#response.end();
		}
	}

	#suffer(text: string): void {
		switch (this.#fault) {
			case "reset":
				this.#dead = true;
				this.#response.socket?.resetAndDestroy();
				break;
			case "stall":
				this.#dead = true;
				break;
			case "end":
				this.end();
				break;
			case "slow":
				this.#slow = Promise.resolve();
				this.#write(text);
				break;
			case "broken":
				this.#write(`${text.slice(0, text.length / 2)}\n`);
				break;
			case "duplicate":
				this.#write(text + text);
				break;
			case "reorder":
				this.#held = text;
				break;
			default:
				this.#error(Number(this.#fault?.slice("error".length)));
		}
	}

	#error(code: number): void {
		const details = code === 429 ? { retryAfterSeconds: 1 } : {};
		const object = { kind: "Status", code, message: `fault ${code}`, details };
		this.#write(`${JSON.stringify({ type: "ERROR", object })}\n`);
		this.end();
	}

	#write(text: string): void {
		if (this.#dead || text === "") {
			return;
		}
		if (this.#slow !== undefined) {
			this.#slow = this.#slow.then(() => this.#drip(text));
		} else {
			this.#response.write(text);
		}
	}

	async #drip(text: string): Promise<void> {
		const bytes = Buffer.from(text);
		const step = Math.max(7, Math.ceil(bytes.length / 40));
		for (let at = 0; at < bytes.length && !this.#response.destroyed; at += step) {
			this.#response.write(bytes.subarray(at, at + step));
			await new Promise((resolve) => setImmediate(resolve));
		}
	}
}
