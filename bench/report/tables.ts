import type { FigureLine } from "../lib/json-line.ts";
import type { Machine } from "../lib/origin.ts";
import { show, targetText, verdictOf } from "../lib/report.ts";

/** Headings of the tables, and the figures in each. */
const TABLES: readonly (readonly [title: string, ids: RegExp])[] = [
	["Datapath", /^D([1-9]|1[0-2])$/],
	["Guest instructions", /^D1[34]$/],
	["Programming", /^P/],
	["Others", /^(?!D\d|P\d)/],
];

const HEADINGS = [
	...["", "figure", "variant", "Services", "relative to", "target"],
	...["median", "min .. max", "95 % interval", ""],
];

/** Markdown: what the figures were measured on, and a table for each group of figures. */
export function formatTables(lines: readonly FigureLine[], machine: Machine): string {
	const tables = TABLES.flatMap(([title, ids]) => {
		const own = lines.filter(({ id }) => ids.test(id)).toSorted(byId);
		return own.length === 0 ? [] : `### ${title}\n\n${table([HEADINGS, ...own.map(rowOf)])}`;
	});
	const facts = Object.entries(machine).map(([name, value]) => [name, value]);
	const where = facts.length === 0 ? [] : [table([["", "measured on"], ...facts])];
	return [...where, ...tables].join("\n");
}

function rowOf(line: FigureLine): string[] {
	const { id, what, variant, services, peer, interval, min, max } = line;
	return [
		...[id, what, variant ?? "", services === null ? "" : String(services), peer ?? ""],
		...[targetText(line), show(line.value), min === null ? "" : `${show(min)} .. ${show(max)}`],
		interval ? `${show(interval[0])} .. ${show(interval[1])}` : "",
		verdictText(line),
	];
}

function verdictText(line: FigureLine): string {
	const verdict = verdictOf(line);
	if (verdict === "MISS") return "**MISS**";
	if (verdict === "-") return "";
	if (line.absence === undefined) return verdict;
	return `${verdict.toLowerCase()}: ${line.note?.split("\n")[0] ?? ""}`;
}

/** By letter and number: D2 comes before D10. */
function byId(a: FigureLine, b: FigureLine): number {
	const number = ({ id }: FigureLine): number => Number(/\d+/.exec(id)?.[0] ?? 0);
	return (
		(a.id[0] ?? "").localeCompare(b.id[0] ?? "") ||
		number(a) - number(b) ||
		(a.services ?? 0) - (b.services ?? 0)
	);
}

function table(rows: readonly string[][]): string {
	const [headings = [], ...body] = rows;
	const text = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
	const rule = `|${headings.map(() => "---").join("|")}|`;
	return `${[text(headings), rule, ...body.map(text)].join("\n")}\n`;
}

function escaped(cell: string): string {
	return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
