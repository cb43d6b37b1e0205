import assert from "node:assert/strict";
import { test } from "node:test";
import { byRelease, compare, newest, readBudget } from "./budget.ts";
import { CONFIGURATIONS, type Measured, measure } from "./measure.ts";

/** Begins the lines from which update.ts rewrites the table. */
const LINE = "verifier:";

test("no program costs this kernel's verifier a tenth more than its budget", (t) => {
	const measured = measure();
	for (const each of measured) t.diagnostic(`${LINE} ${JSON.stringify(each)}`);
	for (const text of shown(measured)) t.diagnostic(`measured: ${text}`);
	const table = readBudget();
	const line = measured[0]?.kernel ?? "";
	const budget = table[line];
	if (budget === undefined) {
		const last = newest(table);
		t.diagnostic(`measured: Linux ${line} has no verifier budget yet`);
		if (last === undefined || byRelease(line, last) < 0) return;
		const { above, below } = compare(table[last]!, measured);
		for (const text of [...above, ...below]) t.diagnostic(`measured: as on ${last}: ${text}`);
		return;
	}
	const { above, below } = compare(budget, measured);
	for (const text of below) t.diagnostic(`measured: less than the verifier budget: ${text}`);
	assert.deepEqual(above, [], "`make budget` rewrites the table, if that is meant");
});

/** The dearest program of each configuration, and what loading all of them took. */
function shown(measured: readonly Measured[]): string[] {
	return Object.keys(CONFIGURATIONS).flatMap((configuration) => {
		const all = measured.filter((each) => each.configuration === configuration);
		const [dearest] = all.sort((a, b) => b.figures.instructions - a.figures.instructions);
		if (dearest === undefined) return [];
		const { instructions, states } = dearest.figures;
		const seconds = (all.reduce((sum, each) => sum + each.microseconds, 0) / 1e6).toFixed(2);
		const what = `${dearest.program}, ${configuration}: ${instructions} instructions, ${states} states`;
		return [`Linux ${dearest.kernel} verifies ${what}; all programs in ${seconds} s`];
	});
}

test("the budget notices growth, shrinkage, and programs that come and go", () => {
	const figures = {
		instructions: 1000,
		states: 200,
		peakStates: 100,
		translated: 4000,
		machineCode: 3000,
		stack: [64],
	};
	const row = { kernel: "6.1", release: "6.1.0", configuration: "usual", microseconds: 1 } as const;
	const budget = { release: "6.1.0", programs: { usual: { one: figures, gone: figures } } };
	const grown = { ...figures, instructions: 1101, translated: 3500 };
	const result = compare(budget, [
		{ ...row, program: "one", figures: grown },
		{ ...row, program: "new", figures },
	]);
	assert.deepEqual(result.above, [
		"one, usual: instructions 1000 -> 1101",
		"new, usual: no budget",
		"gone, usual: in the table only",
	]);
	assert.deepEqual(result.below, ["one, usual: translated 4000 -> 3500"]);
	const same = { ...figures, instructions: 1100 };
	const only = { release: "6.1.0", programs: { usual: { one: figures } } };
	const calm = compare(only, [{ ...row, program: "one", figures: same }]);
	assert.deepEqual([calm.above, calm.below], [[], []]);
});
