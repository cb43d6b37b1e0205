import type { FigureLine } from "./json-line.ts";

const HEADINGS = [
	...["", "figure", "variant", "services", "relative to", "target"],
	...["median", "min", "max", "95 % interval", "verdict"],
];

/** A table with one line per figure, and the notes below it. */
export function formatReport(lines: readonly FigureLine[]): string {
	const notes = lines.flatMap((line) => noteOf(line) ?? []);
	return [...align([HEADINGS, ...lines.map(rowOf)]), ...notes].map((line) => `${line}\n`).join("");
}

/** The figures that miss their targets, one to a line, or a sentence that none does. */
export function formatMisses(lines: readonly FigureLine[]): string {
	const missed = lines.filter(({ ok }) => ok === false);
	const judged = lines.filter(({ ok }) => ok !== null).length;
	if (judged === 0) return "no target was measured\n";
	if (missed.length === 0) return `no misses: all ${judged} targets that were measured are met\n`;
	const rows = missed.map((line) => rowOf(line).slice(0, -1));
	const title = `${missed.length} of ${judged} targets that were measured are missed:`;
	return [title, ...align(rows)].map((line) => `${line}\n`).join("");
}

/** A figure's id and which of those with this id it is: "D4 (socket, 1000 services, against nftables)". */
export function nameOf({ id, variant, services, peer }: FigureLine): string {
	const parts = [
		variant,
		services === null ? null : `${services} services`,
		peer === null ? null : `against ${peer}`,
	].filter((part) => part !== null);
	return parts.length === 0 ? id : `${id} (${parts.join(", ")})`;
}

/** A verdict in a word. */
export function verdictOf({ ok, absence }: FigureLine): string {
	if (absence !== undefined) return absence;
	if (ok === null) return "-";
	return ok ? "ok" : "MISS";
}

/** "<= 10 us"; "" without a number to reach. */
export function targetText({ bound, target, unit }: FigureLine): string {
	return target === null ? "" : `${bound === "at most" ? "<=" : ">="} ${target} ${unit}`.trimEnd();
}

/** Three significant digits, without an exponent; "" for what there is none of. */
export function show(value: number | null): string {
	if (value === null) return "";
	const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return value === 0 ? "0" : value.toFixed(Math.abs(value) < 2 ? 3 : digits);
}

function rowOf(line: FigureLine): string[] {
	const { id, what, variant, services, peer, interval } = line;
	return [
		...[id, what, variant ?? "", services === null ? "" : String(services), peer ?? ""],
		...[targetText(line), show(line.value), show(line.min), show(line.max)],
		...[interval ? `${show(interval[0])} .. ${show(interval[1])}` : "", verdictOf(line)],
	];
}

function noteOf(line: FigureLine): string | undefined {
	if (line.note === undefined) return undefined;
	const absent = line.absence === undefined ? "" : ` ${line.absence.toLowerCase()}`;
	return `${nameOf(line)}${absent}: ${line.note}`;
}

/** Pads columns to the same width; columns that are empty below their heading are left out. */
function align(rows: readonly string[][]): string[] {
	const [headings = []] = rows;
	const widths = headings.map((_, column) => Math.max(...rows.map((row) => width(row[column]))));
	const filled = (column: number): boolean =>
		rows.some((row, index) => width(row[column]) > 0 && (index > 0 || row !== HEADINGS));
	return rows.map((row) =>
		row
			.map((cell, column) => (filled(column) ? cell.padEnd((widths[column] ?? 0) + 2) : ""))
			.join("")
			.trimEnd(),
	);
}

function width(cell: string | undefined): number {
	return cell?.length ?? 0;
}
