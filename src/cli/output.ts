/** -o json and -o yaml. */
import { stringify } from "yaml";
import type { OutputFormat } from "./options.ts";
import { type Column, formatTable } from "./table.ts";

/** Indented JSON; 64-bit numbers as numbers where they are exact, else as strings. */
export function formatJson(value: unknown): string {
	return `${JSON.stringify(value, plainNumber, "\t")}\n`;
}

export function formatYaml(value: unknown): string {
	return stringify(JSON.parse(JSON.stringify(value, plainNumber)), { lineWidth: 0 });
}

function plainNumber(_key: string, value: unknown): unknown {
	if (typeof value !== "bigint") return value;
	const number = Number(value);
	return Number.isSafeInteger(number) ? number : value.toString();
}

/** How a list is shown: `wide` columns are only in -o wide. */
export interface ListView<Row> {
	readonly columns: readonly (Column<Row> & { readonly wide?: boolean })[];
	/** Said on stderr's side of a table when there is nothing. */
	readonly empty: string;
}

export function formatList<Row>(
	format: OutputFormat,
	rows: readonly Row[],
	view: ListView<Row>,
): string {
	if (format === "json") return formatJson(rows);
	if (format === "yaml") return formatYaml(rows);
	if (rows.length === 0) return `${view.empty}\n`;
	const columns = view.columns.filter((column) => format === "wide" || column.wide !== true);
	return formatTable(columns, rows);
}
