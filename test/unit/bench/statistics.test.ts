import assert from "node:assert/strict";
import { test } from "node:test";

import { medianInterval, pairedRatios, spread } from "../../../bench/lib/statistics.ts";

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

test("the interval of the median is the sign test's", () => {
	const values = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
	// Confidence 96.9 %, 97.9 %, 95.7 %; one step further in it would be below 95 %.
	assert.deepEqual(medianInterval(values(6)), { low: 1, high: 6 });
	assert.deepEqual(medianInterval(values(10)), { low: 2, high: 9 });
	assert.deepEqual(medianInterval(values(25)), { low: 8, high: 18 });
});

test("the interval does not depend on the order, nor on how far outliers lie", () => {
	const calm = [0.97, 0.98, 0.99, 1, 1.01, 1.02, 1.03];
	const disturbed = [1.02, 0.01, 0.99, 1, 1.01, 0.98, 50];
	assert.deepEqual(medianInterval([...calm, ...calm]), { low: 0.98, high: 1.02 });
	assert.deepEqual(medianInterval([...calm, ...disturbed]), { low: 0.98, high: 1.02 });
});

test("five rounds have no interval", () => {
	assert.throws(() => medianInterval([1, 2, 3, 4, 5]), RangeError);
});
