/** The middle of a measurement and how far it spread. */
export interface Spread {
	readonly median: number;
	readonly min: number;
	readonly max: number;
}

/** Where the true median lies with at least 95 % confidence. */
export interface Interval {
	readonly low: number;
	readonly high: number;
}

const CONFIDENCE = 0.95;

/** Median, least and greatest. Throws RangeError without values. */
export function spread(values: readonly number[]): Spread {
	const sorted = values.toSorted((a, b) => a - b);
	const [min] = sorted;
	const max = sorted.at(-1);
	if (min === undefined || max === undefined) throw new RangeError("no values to take a median of");
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? max;
	const lower = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? min) : upper;
	return { median: (lower + upper) / 2, min, max };
}

/** values[i] / base[i]: what was measured in the same round belongs together. */
export function pairedRatios(values: readonly number[], base: readonly number[]): number[] {
	if (values.length !== base.length) throw new RangeError("ratios need as many values as bases");
	return values.map((value, round) => value / (base[round] ?? Number.NaN));
}

/**
 * The narrowest pair of order statistics that holds the true median with at least 95 % confidence,
 * whatever the distribution (the sign test's interval): a round that was disturbed does not widen it.
 * Throws RangeError below six values, which are too few for any.
 */
export function medianInterval(values: readonly number[]): Interval {
	const sorted = values.toSorted((a, b) => a - b);
	const count = sorted.length;
	let cut = -1;
	let outside = 0;
	for (let k = 0, chance = 0.5 ** count; k < count / 2; k++) {
		outside += 2 * chance;
		if (1 - outside < CONFIDENCE) break;
		cut = k;
		chance *= (count - k) / (k + 1);
	}
	const low = sorted[cut];
	const high = sorted[count - 1 - cut];
	if (low === undefined || high === undefined)
		throw new RangeError("too few values for an interval");
	return { low, high };
}
