/** What is needed of an array map; a MapPort has it. */
export interface ArrayPort {
	readonly info: { readonly maxEntries: number };
	/** At least that many bytes of its memory; another length ends the buffer of the call before. */
	memory(bytes?: number): ArrayBuffer;
}

/** The same memory, as it is read and written. */
interface Views {
	readonly view: DataView;
	readonly bytes: Uint8Array;
	readonly words: Uint32Array;
	readonly longWords: BigUint64Array;
}

/** By how much what is mapped grows at least, so that many small steps do not each map anew. */
const GROWTH = 1.25;

/** Bytes that are compared at once: a loop over all of them would stall the event loop. */
const BLOCK = 4096;
const ZEROS = new Uint8Array(BLOCK);

/**
 * The memory of an array map, of which the part in use is mapped: what is mapped counts as this
 * process's memory, and maps are made for more than most clusters have. Elements beyond `reached`
 * are all zero; to use them, reach() for them first.
 */
export class ArrayMemory {
	/** Elements in the map. */
	readonly count: number;
	readonly #port: ArrayPort;
	/** Bytes from one element to the next. */
	readonly #stride: number;
	#reached: number;
	#views: Views;

	/** All of it is mapped, since nothing is known of what it holds, until keep(). */
	constructor(port: ArrayPort, stride: number) {
		this.#port = port;
		this.#stride = stride;
		this.count = port.info.maxEntries;
		this.#reached = this.count;
		this.#views = viewsOf(port.memory(this.count * stride));
	}

	get view(): DataView {
		return this.#views.view;
	}

	get bytes(): Uint8Array {
		return this.#views.bytes;
	}

	get words(): Uint32Array {
		return this.#views.words;
	}

	get longWords(): BigUint64Array {
		return this.#views.longWords;
	}

	/** One more than the last element that is not all zero. */
	usedEnd(): number {
		const { bytes } = this.#views;
		let end = bytes.length;
		while (end > 0 && isZero(bytes.subarray(Math.max(0, end - BLOCK), end))) end -= BLOCK;
		while (end > 0 && bytes[end - 1] === 0) end--;
		return Math.ceil(Math.max(0, end) / this.#stride);
	}

	/** Elements below `end` are going to be used. */
	reach(end: number): void {
		if (end > this.#reached) this.#map(Math.max(end, Math.ceil(this.#reached * GROWTH)));
	}

	/** Elements from `end` on are not in use. */
	keep(end: number): void {
		this.#map(end);
	}

	#map(end: number): void {
		this.#reached = Math.min(this.count, Math.max(1, end));
		this.#views = viewsOf(this.#port.memory(this.#reached * this.#stride));
	}
}

function viewsOf(memory: ArrayBuffer): Views {
	return {
		view: new DataView(memory),
		bytes: new Uint8Array(memory),
		words: new Uint32Array(memory),
		longWords: new BigUint64Array(memory),
	};
}

function isZero(block: Uint8Array): boolean {
	return Buffer.compare(block, ZEROS.subarray(0, block.length)) === 0;
}
