import assert from "node:assert/strict";
import { test } from "node:test";

import { isMet, type Measured, type Target } from "../../../bench/lib/figure.ts";
import { formatReport, jsonLine } from "../../../bench/lib/report.ts";
import { runSection } from "../../../bench/lib/section.ts";
import { QUICK_TARGETS } from "../../../bench/lib/targets.ts";

const least: Target = { id: "D1", what: "rate", unit: "x direct", limit: 0.99, bound: "at least" };
const most: Target = { id: "P3", what: "change", unit: "us", limit: 10, bound: "at most" };

function measured(id: string, value: number, more: Partial<Measured> = {}): Measured {
	return { id, value, min: value, max: value, rounds: 7, services: 10_000, ...more };
}

test("a figure without interval is judged by its median", () => {
	assert.equal(isMet(most, measured("P3", 10)), true);
	assert.equal(isMet(most, measured("P3", 10.1)), false);
	assert.equal(isMet(least, measured("D1", 0.98)), false);
});

test("a paired ratio misses only when its whole interval does", () => {
	const interval = (low: number, high: number) => ({ interval: { low, high } });
	assert.equal(isMet(least, measured("D1", 0.97, interval(0.95, 0.99))), true);
	assert.equal(isMet(least, measured("D1", 0.97, interval(0.95, 0.985))), false);
	assert.equal(isMet(most, measured("P3", 12, { interval: { low: 9, high: 15 } })), true);
});

test("the report has a line per target, its verdict, and the reasons of what is missing", () => {
	const report = formatReport(
		[least, most],
		[measured("P3", 12.34, { note: "at 10 services 11.9" }), { id: "D1", reason: "no root" }],
	);
	const lines = report.trimEnd().split("\n");
	assert.match(lines[1] ?? "", /^D1 +rate +>= 0\.99 x direct +NOT MEASURED$/);
	assert.match(lines[2] ?? "", /^P3 +change +<= 10 us +12\.3 +12\.3 +12\.3 +MISS$/);
	assert.deepEqual(lines.slice(3), ["D1 not measured: no root", "P3: at 10 services 11.9"]);
});

test("a JSON line holds the figure, its target and its verdict", () => {
	const interval = { low: 0.987654321, high: 1.03 };
	const line = jsonLine(least, measured("D1", 1.01234567, { interval, peer: "direct" }), "6.18.0");
	assert.deepEqual(JSON.parse(line), {
		id: "D1",
		value: 1.0123,
		min: 1.0123,
		max: 1.0123,
		unit: "x direct",
		target: 0.99,
		bound: "at least",
		ok: true,
		peer: "direct",
		services: 10_000,
		kernel: "6.18.0",
		rounds: 7,
		interval: [0.98765, 1.03],
	});
});

test("a section that fails gives its reason to every figure it has not returned", async () => {
	const ids = ["A", "B"];
	const run = async () => {
		throw new Error("no BPF here");
	};
	const failed = await runSection({ title: "t", ids, run }, () => undefined);
	assert.deepEqual(
		failed,
		ids.map((id) => ({ id, reason: "no BPF here" })),
	);
	const partial = await runSection(
		{ title: "t", ids, run: async () => [measured("A", 1)] },
		() => undefined,
	);
	assert.deepEqual(
		partial.map(({ id }) => id),
		ids,
	);
	assert.deepEqual(partial[1], { id: "B", reason: "the section ended without it" });
});

test("every quick target has an id of its own", () => {
	const ids = QUICK_TARGETS.map(({ id }) => id);
	assert.equal(new Set(ids).size, ids.length);
	assert.deepEqual(ids, ["D1", "D2", "D3", "D7", "D9", "D10", "P3", "P4", "P5", "P6"]);
});
