import { isMeasured, isMet, type Measured, type Outcome, type Target } from "./figure.ts";

const HEADINGS = ["", "figure", "target", "median", "min", "max", "95 % interval", "verdict"];

/** A table with one line per target, in the order of the targets, and the notes below it. */
export function formatReport(targets: readonly Target[], outcomes: readonly Outcome[]): string {
	const rows = [HEADINGS];
	const notes: string[] = [];
	for (const target of targets) {
		const outcome = outcomes.find(({ id }) => id === target.id);
		rows.push(rowOf(target, outcome));
		if (outcome === undefined) continue;
		if (!isMeasured(outcome)) notes.push(`${outcome.id} not measured: ${outcome.reason}`);
		else if (outcome.note !== undefined) notes.push(`${outcome.id}: ${outcome.note}`);
	}
	return [...align(rows), ...notes].map((line) => `${line}\n`).join("");
}

/** One figure as a line of JSON. */
export function jsonLine(target: Target, outcome: Measured, kernel: string): string {
	const { id, value, min, max, rounds, interval, peer, services, note } = outcome;
	return JSON.stringify({
		id,
		value: rounded(value),
		min: rounded(min),
		max: rounded(max),
		unit: target.unit,
		target: target.limit,
		bound: target.bound,
		ok: isMet(target, outcome),
		peer: peer ?? null,
		services,
		kernel,
		rounds,
		...(interval ? { interval: [rounded(interval.low), rounded(interval.high)] } : {}),
		...(note === undefined ? {} : { note }),
	});
}

function rowOf(target: Target, outcome: Outcome | undefined): string[] {
	const sign = target.bound === "at most" ? "<=" : ">=";
	const head = [target.id, target.what, `${sign} ${target.limit} ${target.unit}`.trimEnd()];
	if (outcome === undefined || !isMeasured(outcome))
		return [...head, "", "", "", "", "NOT MEASURED"];
	const { value, min, max, interval } = outcome;
	return [
		...head,
		show(value),
		show(min),
		show(max),
		interval ? `${show(interval.low)} .. ${show(interval.high)}` : "",
		isMet(target, outcome) ? "ok" : "MISS",
	];
}

/** Three significant digits, without an exponent. */
function show(value: number): string {
	const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return value === 0 ? "0" : value.toFixed(Math.abs(value) < 2 ? 3 : digits);
}

function rounded(value: number): number {
	return Number(value.toPrecision(5));
}

function align(rows: readonly string[][]): string[] {
	const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => width(row[column]))));
	return rows.map((row) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join("  ")
			.trimEnd(),
	);
}

function width(cell: string | undefined): number {
	return cell?.length ?? 0;
}
