/** Tables of a document whose last column names tests, and what is wrong with them. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const TREE = fileURLToPath(new URL("../../../..", import.meta.url));
const TEST_COLUMN = "Test";
/** Names are sentences, or parts of them: a word alone would be found by chance. */
const SHORTEST_NAME = 10;

export interface Table {
	/** The heading that the table stands under. */
	readonly heading: string;
	readonly columns: readonly string[];
	readonly rows: readonly (readonly string[])[];
}

export function parseTables(page: string): Table[] {
	const tables: { heading: string; columns: string[]; rows: string[][] }[] = [];
	let heading = "";
	let isInTable = false;
	for (const line of page.split("\n")) {
		if (line.startsWith("#")) heading = line.replace(/^#+ */, "");
		const isRow = line.startsWith("|");
		if (isRow && !isInTable) tables.push({ heading, columns: cellsOf(line), rows: [] });
		else if (isRow && !/^\|[-|: ]+$/.test(line)) tables.at(-1)?.rows.push(cellsOf(line));
		isInTable = isRow;
	}
	return tables;
}

function cellsOf(line: string): string[] {
	return line
		.replace(/^\||\|$/g, "")
		.split("|")
		.map((cell) => cell.trim());
}

/** One line for each fault; none: every row of every table names tests that exist. */
export function faultsOf(page: string): string[] {
	return parseTables(page).flatMap((table) =>
		table.columns.at(-1) === TEST_COLUMN
			? table.rows.flatMap((row) => faultsOfRow(table, row))
			: [`${table.heading}: the last column is not "${TEST_COLUMN}"`],
	);
}

function faultsOfRow({ heading, columns }: Table, row: readonly string[]): string[] {
	const where = `${heading}, ${row[0]}`;
	if (row.length !== columns.length) {
		return [`${where}: ${row.length} cells instead of ${columns.length}`];
	}
	const faults = row.slice(0, -1).includes("") ? [`${where}: an empty cell`] : [];
	const references = (row.at(-1) ?? "").split("; ");
	return [...faults, ...references.flatMap((text) => faultsOfReference(where, text))];
}

/** `test/golden/CASE`, or `test/FILE` "name", "another name". */
function faultsOfReference(where: string, text: string): string[] {
	const [, golden] = /^`(test\/golden\/[\w-]+)`$/.exec(text) ?? [];
	if (golden) return existsSync(join(TREE, golden)) ? [] : [`${where}: ${golden} does not exist`];
	const [, file, list] = /^`(test\/[\w/.-]+\.test\.ts)`((?:,? "[^"]+")+)$/.exec(text) ?? [];
	const names = [...(list ?? "").matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
	if (!file || names.some((name) => name.length < SHORTEST_NAME)) {
		return [`${where}: ${JSON.stringify(text)} is no test's file and name`];
	}
	if (!existsSync(join(TREE, file))) return [`${where}: ${file} does not exist`];
	const known = namesOf(file);
	return names
		.filter((name) => !known.some((one) => one.includes(name)))
		.map((name) => `${where}: ${file} has no test "${name}"`);
}

const namesByFile = new Map<string, readonly string[]>();

/** Names of the tests in a file, and in those of the tests that it takes them from. */
function namesOf(file: string): readonly string[] {
	let names = namesByFile.get(file);
	if (!names) {
		const source = readFileSync(join(TREE, file), "utf8");
		const imported = [...source.matchAll(/ from "(\.[^"]+\.ts)"/g)]
			.map(([, path = ""]) => normalize(join(dirname(file), path)))
			.filter((path) => path.startsWith("test/"));
		const sources = [source, ...imported.map((path) => readFileSync(join(TREE, path), "utf8"))];
		names = sources.flatMap(namesIn);
		namesByFile.set(file, names);
	}
	return names;
}

const TEXT = /"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/;
/** What is called with a name first, a field "name", and the first of a row: tests are made of rows. */
const NAME = new RegExp(
	`(?:\\b(?:test|it|describe\\w*|forBothFamilies)\\(|\\bname: |\\[)\\s*(?:${TEXT.source})`,
	"g",
);

/** Of a template, the text around what is put in counts too. */
function namesIn(source: string): string[] {
	const program = source.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
	return [...program.matchAll(NAME)].map(([, plain, template]) =>
		(plain ?? template ?? "").replaceAll('\\"', '"'),
	);
}
