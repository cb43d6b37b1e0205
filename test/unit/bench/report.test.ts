import assert from "node:assert/strict";
import { test } from "node:test";

import {
	isFailure,
	isMet,
	type Measured,
	type Target,
	targetOf,
} from "../../../bench/lib/figure.ts";
import { figureLine } from "../../../bench/lib/json-line.ts";
import { formatMisses, formatReport } from "../../../bench/lib/report.ts";
import { chosen } from "../../../bench/lib/runner.ts";
import { runSection } from "../../../bench/lib/section.ts";
import { TARGETS } from "../../../bench/lib/targets.ts";

const HERE = { kernel: "6.18.0", tree: "0123456789ab" };
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

test("a figure without a number to reach has no verdict", () => {
	const { limit: _, ...shown } = most;
	assert.equal(isMet(shown, measured("P3", 1e9)), undefined);
	assert.equal(figureLine(shown, measured("P3", 1), HERE).ok, null);
});

test("a figure's target is the one that says most about what it is", () => {
	const any: Target = { ...most, limit: 1 };
	const of1000: Target = { ...most, limit: 2, services: 1000 };
	const ofPeer: Target = { ...most, limit: 3, services: 1000, peer: "nftables" };
	const find = (more: Partial<Measured>) =>
		targetOf([any, of1000, ofPeer], measured("P3", 1, more))?.limit;
	assert.equal(find({}), 1);
	assert.equal(find({ services: 1000 }), 2);
	assert.equal(find({ services: 1000, peer: "nftables" }), 3);
	assert.equal(targetOf([ofPeer], measured("P3", 1)), undefined);
});

test("the report has a line per figure, its verdict, and the reasons of what is missing", () => {
	const report = formatReport([
		figureLine(least, { id: "D1", reason: "no root" }, HERE),
		figureLine(most, measured("P3", 12.34, { note: "at 10 services 11.9" }), HERE),
	]);
	const lines = report.trimEnd().split("\n");
	assert.match(lines[1] ?? "", /^D1 +rate +>= 0\.99 x direct +NOT MEASURED$/);
	assert.match(lines[2] ?? "", /^P3 +change +10000 +<= 10 us +12\.3 +12\.3 +12\.3 +MISS$/);
	assert.deepEqual(lines.slice(3), [
		"D1 not measured: no root",
		"P3 (10000 services): at 10 services 11.9",
	]);
});

test("the misses are named with their figures, or there are none", () => {
	const met = figureLine(most, measured("P3", 9), HERE);
	const missed = figureLine(least, measured("D1", 0.5, { peer: "direct" }), HERE);
	assert.equal(formatMisses([met]), "no misses: all 1 targets that were measured are met\n");
	assert.equal(formatMisses([]), "no target was measured\n");
	const [title, ...rows] = formatMisses([met, missed]).trimEnd().split("\n");
	assert.equal(title, "1 of 2 targets that were measured are missed:");
	assert.match(
		rows.join("\n"),
		/^D1 +rate +10000 +direct +>= 0\.99 x direct +0\.500 +0\.500 +0\.500$/,
	);
});

test("what a peer could not finish, or what is not there yet, is a row but no failure", () => {
	const late = { id: "D4", reason: "300 s", absence: "DID NOT FINISH" } as const;
	assert.equal(isFailure(late), false);
	assert.equal(isFailure({ id: "D4", reason: "no root" }), true);
	assert.match(
		formatReport([figureLine(least, late, HERE)]),
		/DID NOT FINISH\nD1 did not finish: 300 s/,
	);
});

test("a line holds the figure, its target and its verdict", () => {
	const interval = { low: 0.987654321, high: 1.03 };
	const outcome = measured("D1", 1.01234567, { interval, peer: "direct", variant: "socket" });
	assert.deepEqual(figureLine(least, outcome, HERE), {
		id: "D1",
		variant: "socket",
		value: 1.0123,
		min: 1.0123,
		max: 1.0123,
		unit: "x direct",
		target: 0.99,
		bound: "at least",
		ok: true,
		peer: "direct",
		services: 10_000,
		...HERE,
		rounds: 7,
		what: "rate",
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

test("every target is the only one for what it means", () => {
	const names = TARGETS.map(({ id, variant, peer, services }) =>
		JSON.stringify([id, variant, peer, services]),
	);
	assert.equal(new Set(names).size, names.length);
});

test("sections are chosen by the figures that they measure", () => {
	const section = (title: string, ids: readonly string[]) => ({ title, ids, run: async () => [] });
	const [a, b] = [section("a", ["D1", "D2"]), section("b", ["P3"])];
	assert.deepEqual(chosen([a, b], []), [a, b]);
	assert.deepEqual(chosen([a, b], ["D2"]), [a]);
	assert.deepEqual(chosen([a, b], ["D9"]), []);
});
