const MANY = 255;

/**
 * How many tuples want each bit of the filter map. A bit that nobody wants any more lingers until
 * release(): while flows of its tuple exist, clearing it would let their packets pass untranslated.
 */
export class FilterRefs {
	/** Saturating: a bit that 255 tuples share stays set for good, which costs only a lookup. */
	readonly #refs: Uint8Array;
	readonly #lingering = new Map<number, number>();

	/** @param bits number of bits in the map, a power of two */
	constructor(bits: number) {
		if (!Number.isInteger(Math.log2(bits))) {
			throw new RangeError(`The filter must have a power of two of bits, not ${bits}.`);
		}
		this.#refs = new Uint8Array(bits);
	}

	/** settings.filter_mask */
	get mask(): number {
		return this.#refs.length - 1;
	}

	acquire(bit: number): void {
		const refs = this.#refs[bit] ?? 0;
		if (refs < MANY) this.#refs[bit] = refs + 1;
		this.#lingering.delete(bit);
	}

	drop(bit: number, now: number): void {
		const refs = this.#refs[bit] ?? 0;
		if (refs === 0 || refs === MANY) return;
		this.#refs[bit] = refs - 1;
		if (refs === 1) this.#lingering.set(bit, now);
	}

	/** A bit that is set in the map although nobody wants it, found at adoption. */
	linger(bit: number, now: number): void {
		if (!this.isWanted(bit)) this.#lingering.set(bit, now);
	}

	isWanted(bit: number): boolean {
		return (this.#refs[bit] ?? 0) > 0;
	}

	/** Calls `found` with every wanted bit from first to end - 1. */
	wantedIn(first: number, end: number, found: (bit: number) => void): void {
		for (let bit = first; bit < end; bit++) if (this.#refs[bit] !== 0) found(bit);
	}

	/** Bits that nobody has wanted since `before` or longer. */
	lingered(before: number): number[] {
		const bits: number[] = [];
		for (const [bit, since] of this.#lingering) if (since <= before) bits.push(bit);
		return bits;
	}

	/** The bit is about to be cleared; false: it is wanted again. */
	release(bit: number): boolean {
		return this.#lingering.delete(bit);
	}

	get lingering(): number {
		return this.#lingering.size;
	}
}
