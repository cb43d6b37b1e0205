import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../../src/config.ts";
import {
	parseBindAddress,
	parseDuration,
	parsePortRange,
	parseSwitch,
} from "../../../src/config-parse.ts";

test("durations are read as Go writes them", () => {
	assert.equal(parseDuration("24h0m0s"), 86_400_000);
	assert.equal(parseDuration("1h30m"), 5_400_000);
	assert.equal(parseDuration("500ms"), 500);
	assert.equal(parseDuration("1.5s"), 1500);
	assert.equal(parseDuration("0"), 0);
	assert.equal(parseDuration("0s"), 0);
	for (const text of ["", "5", "5 s", "s", "-1s", "1d", "1s2"]) {
		assert.throws(() => parseDuration(text), UsageError, text);
	}
});

test("a bind address may lack its port, and an empty one turns the server off", () => {
	assert.deepEqual(parseBindAddress("0.0.0.0:10256", 1), { host: "0.0.0.0", port: 10256 });
	assert.deepEqual(parseBindAddress("[::1]:10249", 1), { host: "::1", port: 10249 });
	assert.deepEqual(parseBindAddress("10.0.0.1", 10256), { host: "10.0.0.1", port: 10256 });
	assert.deepEqual(parseBindAddress("fd00::1", 10256), { host: "fd00::1", port: 10256 });
	assert.deepEqual(parseBindAddress("[fd00::1]", 10256), { host: "fd00::1", port: 10256 });
	assert.equal(parseBindAddress("", 10256), undefined);
	for (const text of ["localhost:1", "1.2.3.4:99999", ":10256", "1.2.3:4"]) {
		assert.throws(() => parseBindAddress(text, 1), UsageError, text);
	}
});

test("a port range must be in order and within 1..65535", () => {
	assert.deepEqual(parsePortRange("61000-65535"), { first: 61000, last: 65535 });
	for (const text of ["5-4", "0-10", "1-65536", "80", "a-b"]) {
		assert.throws(() => parsePortRange(text), UsageError, text);
	}
});

test("a switch is on or off, or Go's true or false", () => {
	assert.equal(parseSwitch("on"), true);
	assert.equal(parseSwitch("false"), false);
	assert.equal(parseSwitch("True"), true);
	assert.equal(parseSwitch("F"), false);
	assert.throws(() => parseSwitch("maybe"), /"maybe" is neither on nor off/);
});
