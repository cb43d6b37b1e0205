import assert from "node:assert/strict";
import { test } from "node:test";
import {
	cidrToBytes,
	containsAddress,
	hostCIDR,
	lengthOfCIDR,
	parseCIDR,
} from "../../../src/model/cidr.ts";

test("a prefix has one text, whatever its host bits, zeros, case and spaces were", () => {
	for (const [text, expected] of [
		["10.1.2.3/8", "10.0.0.0/8"],
		[" 010.0.0.0/08 ", "10.0.0.0/8"],
		["10.0.0.129/25", "10.0.0.128/25"],
		["0.0.0.0/0", "0.0.0.0/0"],
		["9.9.9.9/32", "9.9.9.9/32"],
		["FD00:1:2::5/32", "fd00:1::/32"],
		["::/0", "::/0"],
		["fd00::ffff/127", "fd00::fffe/127"],
		["::ffff:10.1.0.0/104", "10.0.0.0/8"],
	] as const) {
		assert.equal(parseCIDR(text), expected);
	}
});

test("what is no prefix is none", () => {
	for (const text of [
		"",
		"10.0.0.0",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/",
		"/8",
		"x/8",
		"::/129",
	]) {
		assert.equal(parseCIDR(text), undefined, text);
	}
	assert.equal(parseCIDR("10.0.0.0/8/8"), undefined);
	assert.equal(parseCIDR("::ffff:10.0.0.0/90"), undefined);
});

test("a prefix holds the addresses of its family that begin like it", () => {
	assert.equal(containsAddress("10.0.0.128/25", "10.0.0.129"), true);
	assert.equal(containsAddress("10.0.0.128/25", "10.0.0.127"), false);
	assert.equal(containsAddress("0.0.0.0/0", "1.2.3.4"), true);
	assert.equal(containsAddress("::/0", "1.2.3.4"), false);
	assert.equal(containsAddress("0.0.0.0/0", "fd00::1"), false);
	assert.equal(containsAddress("fd00:1::/32", "fd00:1:ffff::1"), true);
	assert.equal(containsAddress(hostCIDR("fd00::1"), "fd00::1"), true);
	assert.equal(containsAddress(hostCIDR("10.0.0.1"), "10.0.0.2"), false);
});

test("in the maps an IPv4 prefix is 96 bits longer", () => {
	assert.equal(lengthOfCIDR("10.0.0.0/8"), 8);
	assert.equal(cidrToBytes("10.0.0.0/8").length, 104);
	assert.equal(cidrToBytes("fd00::/64").length, 64);
	assert.deepEqual([...cidrToBytes("10.0.0.0/8").addr.subarray(10)], [255, 255, 10, 0, 0, 0]);
});
