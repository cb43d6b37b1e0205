/** A range of slots: [base, base + count). */
export interface Range {
	readonly base: number;
	readonly count: number;
}

/** Ranges of the slots map, first fit. A range that was given back rests until release(). */
export class RangePool {
	/** Free ranges, sorted by base, never adjacent. */
	readonly #free: Range[];
	readonly #size: number;
	#resting: { range: Range; since: number }[] = [];

	constructor(size: number) {
		this.#size = size;
		this.#free = size > 0 ? [{ base: 0, count: size }] : [];
	}

	/** undefined: no gap is large enough. */
	take(count: number): Range | undefined {
		const index = this.#free.findIndex((gap) => gap.count >= count);
		const gap = this.#free[index];
		return gap && this.#cut(index, { base: gap.base, count });
	}

	/** Takes exactly this range; false when part of it is not free. */
	reserve(range: Range): boolean {
		const index = this.#indexAfter(range.base) - 1;
		const gap = this.#free[index];
		if (!gap || range.count < 1 || gap.base + gap.count < range.base + range.count) return false;
		this.#cut(index, range);
		return true;
	}

	/** The range is not used from `now` on. */
	rest(range: Range, now: number): void {
		this.#resting.push({ range, since: now });
	}

	/** Has everything that is free below `end` rest from `now` on. */
	restFreeBelow(end: number, now: number): void {
		for (;;) {
			const gap = this.#free[0];
			if (!gap || gap.base >= end) return;
			const range = { base: gap.base, count: Math.min(gap.count, end - gap.base) };
			this.#cut(0, range);
			this.rest(range, now);
		}
	}

	/** Frees what has rested since `before` or longer. */
	release(before: number): void {
		const keep = this.#resting.filter(({ since }) => since > before);
		for (const { range, since } of this.#resting) if (since <= before) this.#give(range);
		this.#resting = keep;
	}

	/** One more than the highest slot that is taken, or rests. */
	get end(): number {
		const last = this.#free.at(-1);
		return last && last.base + last.count === this.#size ? last.base : this.#size;
	}

	get resting(): number {
		return this.#resting.length;
	}

	/** Slots that are free, in all gaps together. */
	get available(): number {
		return this.#free.reduce((sum, gap) => sum + gap.count, 0);
	}

	#cut(index: number, range: Range): Range {
		const gap = this.#free[index];
		if (!gap) return range;
		const rest: Range[] = [];
		const end = range.base + range.count;
		if (range.base > gap.base) rest.push({ base: gap.base, count: range.base - gap.base });
		if (end < gap.base + gap.count) rest.push({ base: end, count: gap.base + gap.count - end });
		this.#free.splice(index, 1, ...rest);
		return range;
	}

	#give(range: Range): void {
		const index = this.#indexAfter(range.base);
		const before = this.#free[index - 1];
		const after = this.#free[index];
		let { base, count } = range;
		let start = index;
		let removed = 0;
		if (before && before.base + before.count === base) {
			base = before.base;
			count += before.count;
			start--;
			removed++;
		}
		if (after && range.base + range.count === after.base) {
			count += after.count;
			removed++;
		}
		this.#free.splice(start, removed, { base, count });
	}

	/** Index of the first gap that begins after `base`. */
	#indexAfter(base: number): number {
		let low = 0;
		let high = this.#free.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#free[middle]?.base ?? 0) > base) high = middle;
			else low = middle + 1;
		}
		return low;
	}
}
