import { spread } from "../lib/statistics.ts";
import type { Batches } from "./measure.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import type { Variant } from "./variants.ts";

/** What one guest has counted. */
export interface Count {
	readonly variant: Variant;
	readonly services: number;
	readonly batches: Batches;
}

/** What a count's ratio is taken to, at the same size; undefined: it was not counted. */
export function baseCount(counts: readonly Count[], of: Count): Count | undefined {
	return counts.find(
		({ variant, services }) => variant.name === of.variant.base && services === of.services,
	);
}

function ratio(counts: readonly Count[], of: Count, operation: Operation): number | undefined {
	const base = baseCount(counts, of);
	if (base === undefined) return undefined;
	return spread(of.batches[operation]).median / spread(base.batches[operation]).median;
}

/** A line per count: instructions per operation, and how many times the base's that is. */
export function formatCounts(counts: readonly Count[]): string {
	const head = ["services", "variant", ...OPERATIONS.flatMap((name) => [name, "x direct"])];
	const rows = counts.map((count) => [
		String(count.services),
		count.variant.name,
		...OPERATIONS.flatMap((operation) => [
			spread(count.batches[operation]).median.toFixed(0),
			ratio(counts, count, operation)?.toFixed(3) ?? "",
		]),
	]);
	const table = [head, ...rows];
	const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
	const line = (row: readonly string[]): string =>
		row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ");
	return table.map((row) => `${line(row)}\n`).join("");
}
