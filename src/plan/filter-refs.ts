/**
 * How many entries want each bit of the filter map. A bit that nobody wants any more lingers until
 * release(): while flows of its tuple exist, clearing it would let their packets pass untranslated.
 */
export class FilterRefs {
	/** The low bits of a hash that are the number of its bit. */
	readonly mask: number;
	/** A bit for each of the map's, set while some entry wants it. */
	readonly #wanted: Uint32Array;
	/**
	 * Bits that entries share -> how many more than one: of frontends, which are two of a tuple and
	 * several of an address, and a few by chance.
	 */
	readonly #more = new Map<number, number>();
	readonly #lingering = new Map<number, number>();

	/** @param bits number of bits in the map, a power of two */
	constructor(bits: number) {
		if (!Number.isInteger(Math.log2(bits))) {
			throw new RangeError(`The filter must have a power of two of bits, not ${bits}.`);
		}
		this.mask = bits - 1;
		this.#wanted = new Uint32Array(Math.ceil(bits / 32));
	}

	acquire(bit: number): void {
		if (this.isWanted(bit)) this.#more.set(bit, (this.#more.get(bit) ?? 0) + 1);
		else this.#flip(bit);
		this.#lingering.delete(bit);
	}

	drop(bit: number, now: number): void {
		const more = this.#more.get(bit);
		if (more !== undefined) {
			if (more > 1) this.#more.set(bit, more - 1);
			else this.#more.delete(bit);
		} else if (this.isWanted(bit)) {
			this.#flip(bit);
			this.#lingering.set(bit, now);
		}
	}

	/** A bit that is set in the map although nobody wants it, found at adoption. */
	linger(bit: number, now: number): void {
		if (!this.isWanted(bit)) this.#lingering.set(bit, now);
	}

	isWanted(bit: number): boolean {
		return (((this.#wanted[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
	}

	/** Calls `found` with every wanted bit from first, a multiple of 32, to end - 1. */
	wantedIn(first: number, end: number, found: (bit: number) => void): void {
		for (let base = first; base < end; base += 32) {
			if (this.#wanted[base >>> 5] === 0) continue;
			for (let i = 0; i < 32; i++) if (this.isWanted(base + i)) found(base + i);
		}
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

	#flip(bit: number): void {
		const word = bit >>> 5;
		this.#wanted[word] = (this.#wanted[word] ?? 0) ^ (1 << (bit & 31));
	}
}
