import { reasonOf } from "../errors.ts";
import { ProtocolError } from "./api-error.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Depth of what stands in the list object itself, and in its array "items". */
const LIST_DEPTH = 1;
const ITEMS_DEPTH = 2;
/** Enough of a name to know that it is not "items". */
const MAX_NAME = 16;

/**
 * Cuts the objects of "items" out of the JSON of a list while it arrives, so that no list is ever
 * in memory, or parsed, as a whole. What is left when the items are cut out is the envelope.
 */
export class ListScanner {
	#depth = 0;
	#inString = false;
	#escaped = false;
	#inItems = false;
	/** The bytes of the current item so far, when it began in an earlier chunk. */
	#item: Buffer[] = [];
	readonly #envelope: Buffer[] = [];
	/** Text of the last string directly in the list object, for the name of the array. */
	#name = "";
	#text = "";

	/** The items that this chunk completes. */
	*push(chunk: Buffer): Generator<Buffer> {
		let start = 0;
		for (let at = 0; at < chunk.length; at++) {
			const byte = chunk[at] ?? 0;
			if (this.#inString) {
				at = this.#string(chunk, at);
				continue;
			}
			const depth = this.#depth;
			if (this.#inItems && depth === ITEMS_DEPTH) {
				start = this.#betweenItems(chunk, start, at);
			}
			this.#structure(byte);
			if (this.#inItems && depth === ITEMS_DEPTH + 1 && this.#depth === ITEMS_DEPTH) {
				yield Buffer.concat([...this.#item, chunk.subarray(start, at + 1)]);
				this.#item = [];
				start = at + 1;
			}
		}
		this.#keep(chunk.subarray(start));
	}

	/** The list without its items, parsed. Throws ProtocolError when the list is incomplete. */
	end(): unknown {
		try {
			return JSON.parse(Buffer.concat(this.#envelope).toString("utf8"));
		} catch (error) {
			const reason = reasonOf(error);
			throw new ProtocolError(`a list is incomplete or no JSON: ${reason}`);
		}
	}

	/** Moves on to the end of the string, or of the chunk; the position of the last byte read. */
	#string(chunk: Buffer, from: number): number {
		let at = from;
		while (at < chunk.length && !this.#endsString(chunk[at] ?? 0)) {
			at += 1;
		}
		if (this.#depth === LIST_DEPTH) {
			this.#text += chunk.toString("latin1", from, Math.min(at, from + MAX_NAME));
		}
		if (at < chunk.length) {
			this.#inString = false;
			this.#name = this.#depth === LIST_DEPTH ? this.#text : "";
		}
		return at;
	}

	#endsString(byte: number): boolean {
		if (this.#escaped) {
			this.#escaped = false;
			return false;
		}
		this.#escaped = byte === BACKSLASH;
		return byte === QUOTE;
	}

	#structure(byte: number): void {
		if (byte === QUOTE) {
			this.#inString = true;
			this.#text = "";
		} else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
			if (this.#depth === LIST_DEPTH) {
				this.#inItems = byte === OPEN_ARRAY && this.#name === "items";
			}
			this.#depth += 1;
		} else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
			this.#depth -= 1;
		}
	}

	/** Commas between items belong to nothing; everything else there to the envelope. */
	#betweenItems(chunk: Buffer, start: number, at: number): number {
		const byte = chunk[at];
		if (byte === COMMA) {
			this.#keepEnvelope(chunk.subarray(start, at));
			return at + 1;
		}
		if (byte === OPEN_OBJECT) {
			this.#keepEnvelope(chunk.subarray(start, at));
			return at;
		}
		return start;
	}

	#keep(rest: Buffer): void {
		if (this.#inItems && this.#depth > ITEMS_DEPTH) {
			this.#item.push(rest);
		} else {
			this.#keepEnvelope(rest);
		}
	}

	/** Copies: a view would keep the whole chunk in memory. */
	#keepEnvelope(part: Buffer): void {
		if (part.length > 0) {
			this.#envelope.push(Buffer.from(part));
		}
	}
}
