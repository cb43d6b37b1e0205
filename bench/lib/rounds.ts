/** What is compared: by name, something that measures itself once. */
export type Variants<Name extends string, T> = Readonly<Record<Name, () => T | Promise<T>>>;

/**
 * Runs every variant once per round and returns what each measured, by round. The order rotates, and
 * turns around every other round, so that neither drift nor a predecessor favours a variant.
 */
export async function interleave<Name extends string, T>(
	rounds: number,
	variants: Variants<Name, T>,
): Promise<Record<Name, T[]>> {
	const names = Object.keys(variants) as Name[];
	const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
		Name,
		T[]
	>;
	for (let round = 0; round < rounds; round++) {
		for (const name of orderOf(names, round)) results[name].push(await variants[name]());
	}
	return results;
}

/** The order of a round: rotated by one each time, every other round backwards. */
export function orderOf<T>(names: readonly T[], round: number): T[] {
	const start = names.length === 0 ? 0 : round % names.length;
	const rotated = [...names.slice(start), ...names.slice(0, start)];
	return round % 2 === 0 ? rotated : rotated.reverse();
}
