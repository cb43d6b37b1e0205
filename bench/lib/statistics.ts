/** The middle of a measurement and how far it spread. */
export interface Spread {
	readonly median: number;
	readonly min: number;
	readonly max: number;
}

/** A geometric mean of ratios, and the range that holds the true one with 95 % confidence. */
export interface Interval {
	readonly mean: number;
	readonly low: number;
	readonly high: number;
}

/** Student's t, two-sided 95 %, for 1, 2, 3, ... degrees of freedom. */
const STUDENT_95 = [
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
	2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
	2.045, 2.042,
];

/** Student's t beyond the table: the normal distribution's. */
const NORMAL_95 = 1.96;

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

/** 95 % confidence interval of paired ratios, by Student's t over their logarithms. */
export function ratioInterval(ratios: readonly number[]): Interval {
	const count = ratios.length;
	if (count < 2) throw new RangeError("an interval needs two rounds");
	const logs = ratios.map(Math.log);
	const mean = logs.reduce((sum, log) => sum + log, 0) / count;
	const squares = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
	const half = (STUDENT_95[count - 2] ?? NORMAL_95) * Math.sqrt(squares / (count - 1) / count);
	return { mean: Math.exp(mean), low: Math.exp(mean - half), high: Math.exp(mean + half) };
}
