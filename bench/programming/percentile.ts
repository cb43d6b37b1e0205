/** The least value that `percent` % of all do not exceed. Throws RangeError without values. */
export function percentile(values: readonly number[], percent: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
	if (value === undefined) throw new RangeError("no values to take a percentile of");
	return value;
}
