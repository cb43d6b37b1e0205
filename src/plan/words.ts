import { packSetWord } from "../layout/structs.ts";

/** A set word; generation wraps at 24 bits. */
export function setWord(base: number, count: number, generation: number): bigint {
	return packSetWord({ base, count, generation: generation & 0xffffff });
}

/** Zeroes an element of an array map. `size` of an element is in bytes, a multiple of 8. */
export function zeroElement(words: BigUint64Array, id: number, size: number): void {
	words.fill(0n, (id * size) / 8, ((id + 1) * size) / 8);
}
