import { ProtocolError } from "./api-error.ts";

/** More than any object that etcd stores (1.5 MiB by default) is long as JSON. */
const MAX_LINE = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines, on bytes: a character cut in two is put together again. */
export class LineSplitter {
	#parts: Buffer[] = [];
	#length = 0;

	/** The lines that this chunk completes, without line ends and without empty lines. */
	*push(chunk: Buffer): Generator<Buffer> {
		let start = 0;
		for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
			const line = this.#take(chunk.subarray(start, end));
			start = end + 1;
			if (line.length > 0) {
				yield line;
			}
		}
		if (start < chunk.length) {
			this.#keep(chunk.subarray(start));
		}
	}

	/** Whether the stream ended within a line. */
	get incomplete(): boolean {
		return this.#length > 0;
	}

	#keep(part: Buffer): void {
		this.#length += part.length;
		if (this.#length > MAX_LINE) {
			throw new ProtocolError(`a line of a watch is longer than ${MAX_LINE} bytes`);
		}
		this.#parts.push(part);
	}

	#take(last: Buffer): Buffer {
		if (this.#length === 0) {
			return last;
		}
		const line = Buffer.concat([...this.#parts, last]);
		this.#parts = [];
		this.#length = 0;
		return line;
	}
}
