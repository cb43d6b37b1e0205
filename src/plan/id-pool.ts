/**
 * Ids of one array map. An id that is no longer used rests: it is free again only when somebody who
 * knows that nothing refers to it any more releases it.
 */
export class IdPool {
	readonly #end: number;
	/** No id from here on has been handed out yet. */
	#next: number;
	readonly #free: number[] = [];
	/** Id -> since when it rests, in the caller's ms. */
	readonly #resting = new Map<number, number>();

	/** Hands out first .. end-1. */
	constructor(first: number, end: number) {
		this.#next = first;
		this.#end = end;
	}

	/** undefined: all ids are used or resting. */
	take(): number | undefined {
		const id = this.#free.pop();
		if (id !== undefined) return id;
		return this.#next < this.#end ? this.#next++ : undefined;
	}

	/** The id is not used from `now` on; one that rests already goes on. */
	rest(id: number, now: number): void {
		if (!this.#resting.has(id)) this.#resting.set(id, now);
	}

	/** The id is used again by its old owner; nothing happens when it did not rest. */
	wake(id: number): void {
		this.#resting.delete(id);
	}

	/** Ids that have rested since `before` or longer. */
	rested(before: number): number[] {
		const ids: number[] = [];
		for (const [id, since] of this.#resting) if (since <= before) ids.push(id);
		return ids;
	}

	isResting(id: number): boolean {
		return this.#resting.has(id);
	}

	/** Nobody can refer to the resting id any more: it may be taken again. */
	release(id: number): void {
		if (this.#resting.delete(id)) this.#free.push(id);
	}

	/**
	 * Takes over ids that were handed out earlier: those that `isTaken` names stay out of the pool,
	 * all others below `end` are free. Only for a pool that has not handed out any.
	 */
	adopt(end: number, isTaken: (id: number) => boolean): void {
		const first = this.#next;
		this.#next = Math.max(first, end);
		for (let id = end - 1; id >= first; id--) if (!isTaken(id)) this.#free.push(id);
	}

	/** One more than the highest id that was ever handed out. */
	get end(): number {
		return this.#next;
	}

	get resting(): number {
		return this.#resting.size;
	}

	/** Ids that take() can still give. */
	get available(): number {
		return this.#free.length + this.#end - this.#next;
	}
}
