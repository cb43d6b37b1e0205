import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile } from "../../../bench/programming/percentile.ts";

test("the 99th percentile of a hundred values leaves one above it", () => {
	const values = Array.from({ length: 100 }, (_, i) => 100 - i);
	assert.equal(percentile(values, 99), 99);
	assert.equal(percentile(values, 50), 50);
	assert.equal(percentile(values, 100), 100);
});

test("of a few values the greatest is the 99th percentile", () => {
	assert.equal(percentile([3, 1, 2], 99), 3);
	assert.equal(percentile([7], 1), 7);
});

test("there is no percentile of nothing", () => {
	assert.throws(() => percentile([], 50), RangeError);
});
