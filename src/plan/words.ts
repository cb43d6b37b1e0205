import { packSetWord } from "../layout/structs.ts";

/** A set word; generation wraps at 24 bits. */
export function setWord(base: number, count: number, generation: number): bigint {
	return packSetWord({ base, count, generation: generation & 0xffffff });
}
