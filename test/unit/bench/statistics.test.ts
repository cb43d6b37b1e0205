import assert from "node:assert/strict";
import { test } from "node:test";

import { pairedRatios, ratioInterval, spread } from "../../../bench/lib/statistics.ts";

test("the median of an odd number of values is the middle one, whatever their order", () => {
	assert.deepEqual(spread([9, 1, 100]), { median: 9, min: 1, max: 100 });
});

test("the median of an even number of values lies between the middle two", () => {
	assert.deepEqual(spread([4, 1, 2, 10]), { median: 3, min: 1, max: 10 });
});

test("no values have no median", () => {
	assert.throws(() => spread([]), RangeError);
});

test("ratios pair values of the same round", () => {
	assert.deepEqual(pairedRatios([2, 9], [4, 3]), [0.5, 3]);
	assert.throws(() => pairedRatios([1], [1, 2]), RangeError);
});

test("the interval of equal ratios has no width", () => {
	const { mean, low, high } = ratioInterval([0.9, 0.9, 0.9]);
	for (const value of [mean, low, high]) assert.ok(Math.abs(value - 0.9) < 1e-12);
});

test("the interval is Student's, over logarithms", () => {
	// Logarithms -0.1, 0, 0.1: mean 0, deviation 0.1, t(2) 4.303.
	const { mean, low, high } = ratioInterval([Math.exp(-0.1), 1, Math.exp(0.1)]);
	const half = (4.303 * 0.1) / Math.sqrt(3);
	assert.ok(Math.abs(mean - 1) < 1e-9);
	assert.ok(Math.abs(high - Math.exp(half)) < 1e-9);
	assert.ok(Math.abs(low - Math.exp(-half)) < 1e-9);
});

test("more rounds of the same spread narrow the interval", () => {
	const few = ratioInterval([0.95, 1.05, 0.95, 1.05]);
	const many = ratioInterval(Array.from({ length: 40 }, (_, i) => (i % 2 ? 0.95 : 1.05)));
	assert.ok(many.high - many.low < (few.high - few.low) / 3);
});

test("one round has no interval", () => {
	assert.throws(() => ratioInterval([1]), RangeError);
});
