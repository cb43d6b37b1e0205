import assert from "node:assert/strict";
import { test } from "node:test";
import { portRangeWarnings } from "../../../src/agent/port-ranges.ts";

const LOCAL = { first: 32768, last: 60999 };

test("masquerade ports apart from the node's own need no warning", () => {
	assert.deepEqual(portRangeWarnings({ first: 61000, last: 65535 }, LOCAL), []);
	assert.deepEqual(portRangeWarnings({ first: 61000, last: 65535 }, undefined), []);
});

test("an overlap is named with both ranges", () => {
	const [warning, ...others] = portRangeWarnings({ first: 32000, last: 40000 }, LOCAL);
	assert.match(warning ?? "", /32000-40000 overlaps .*32768-60999/);
	assert.deepEqual(others, []);
});
