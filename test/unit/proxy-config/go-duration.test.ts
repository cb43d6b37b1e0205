import assert from "node:assert/strict";
import { test } from "node:test";
import { formatGoDuration, parseGoDuration } from "../../../src/proxy-config/go-duration.ts";

test("durations are read as Go's ParseDuration reads them, in ms", () => {
	const cases: readonly [text: string, ms: number][] = [
		["0", 0],
		["+0", 0],
		["15m0s", 900_000],
		["1.5h", 5_400_000],
		[".5s", 500],
		["1.s", 1000],
		["-1m30s", -90_000],
		["1us", 0.001],
		["1\u00b5s", 0.001],
		["1\u03bcs", 0.001],
		["2562047h", 2562047 * 3_600_000],
	];
	for (const [text, ms] of cases) assert.equal(parseGoDuration(text), ms, text);
	for (const text of ["", "5", "s", ".s", "1d", "1s2", "1 s", "--1s", "2562048h", "-"]) {
		assert.equal(parseGoDuration(text), undefined, text);
	}
});

test("durations are written as Go's String() writes them", () => {
	const cases: readonly [ms: number, text: string][] = [
		[0, "0s"],
		[900_000, "15m0s"],
		[86_400_000, "24h0m0s"],
		[1500, "1.5s"],
		[500, "500ms"],
		[1.5, "1.5ms"],
		[0.001, "1\u00b5s"],
		[0.000001, "1ns"],
		[-90_500, "-1m30.5s"],
	];
	for (const [ms, text] of cases) {
		assert.equal(formatGoDuration(ms), text);
		assert.equal(parseGoDuration(text), ms);
	}
});
