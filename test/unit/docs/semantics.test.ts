import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { faultsOf, parseTables } from "./lib/tables.ts";

const PAGE = fileURLToPath(new URL("../../../docs/semantics.md", import.meta.url));
const CASES = "Edge cases";
const CASE_COUNT = 107;

const page = readFileSync(PAGE, "utf8");

/** What is wrong with a page of one table with this row. */
function faultsOfRow(row: string): readonly string[] {
	return faultsOf(`## A table\n\n| Subject | Sluice | Test |\n|---|---|---|\n${row}\n`);
}

test("each row of the semantics names tests that exist, by file and name", () => {
	const tables = parseTables(page);
	assert.ok(tables.length > 10);
	assert.ok(tables.every(({ rows }) => rows.length > 0));
	assert.deepEqual(faultsOf(page), []);
});

test("the edge cases of the semantics are numbered from 1 to 107, in order, none missing", () => {
	const numbers = parseTables(page)
		.filter(({ heading }) => heading === CASES)
		.flatMap(({ rows }) => rows.map(([number]) => number));
	assert.deepEqual(
		numbers,
		Array.from({ length: CASE_COUNT }, (_, i) => `${i + 1}`),
	);
});

test("a row that names no test, or one that does not exist, is a fault", () => {
	const own = "`test/unit/docs/semantics.test.ts`";
	const name = '"a row that names no test"';
	const misspelt = ["a row that", "names no tset"].join(" ");
	assert.deepEqual(faultsOfRow(`| a | b | ${own} ${name} |`), []);
	assert.deepEqual(faultsOfRow(`| a | b | ${own} ${name}; \`test/golden/cluster-ip\` |`), []);
	for (const [cells, fault] of [
		["a | b | ", /a: "" is no test's file and name/],
		["a | b", /a: 2 cells instead of 3/],
		["a |  | x", /a: an empty cell/],
		[`a | b | ${own}`, /is no test's file and name/],
		[`a | b | ${own} "short"`, /is no test's file and name/],
		[`a | b | ${own} ${name} and more`, /is no test's file and name/],
		[`a | b | ${own} "${misspelt}"`, /has no test "a row that/],
		['a | b | `test/unit/docs/gone.test.ts` "a row that names no test"', /does not exist/],
		["a | b | `test/golden/no-such-case`", /test\/golden\/no-such-case does not exist/],
		["a | b | `test/unit/docs`", /is no test's file and name/],
	] as const) {
		assert.match(faultsOfRow(`| ${cells} |`).join("\n"), fault);
	}
});

test("a name counts only where a test has it, not in a comment or in a message", () => {
	const own = "`test/unit/docs/semantics.test.ts`";
	// said by a comment alone
	const message = "said by a message alone";
	for (const end of ["comment", "message"]) {
		const words = ["said by", `a ${end} alone`].join(" ");
		assert.match(faultsOfRow(`| a | b | ${own} "${words}" |`).join(), /has no test/, message);
	}
});
