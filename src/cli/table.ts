/** Borderless columns as kubectl prints them: upper-case heads, three spaces between columns. */

export interface Column<Row> {
	readonly head: string;
	readonly cell: (row: Row) => string | number;
	/** Numbers look better at the right. */
	readonly right?: boolean;
}

const GAP = "   ";

/** Text with a line feed after each line. Empty cells are shown as they are; no trailing blanks. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
	const cells = rows.map((row) => columns.map((column) => String(column.cell(row))));
	const lines = [columns.map((column) => column.head), ...cells];
	const widths = columns.map((_, i) =>
		lines.reduce((width, line) => Math.max(width, (line[i] ?? "").length), 0),
	);
	return lines.map((line) => formatLine(columns, widths, line)).join("");
}

function formatLine<Row>(
	columns: readonly Column<Row>[],
	widths: readonly number[],
	line: readonly string[],
): string {
	const padded = columns.map((column, i) => {
		const text = line[i] ?? "";
		const width = widths[i] ?? 0;
		return column.right === true ? text.padStart(width) : text.padEnd(width);
	});
	return `${padded.join(GAP).trimEnd()}\n`;
}
