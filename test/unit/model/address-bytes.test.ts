import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAddress } from "../../../src/model/address.ts";
import {
	addressToBytes,
	bytesToAddress,
	compareAddresses,
	isMapped,
} from "../../../src/model/address-bytes.ts";

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

test("an IPv4 address becomes ::ffff:a.b.c.d in network order", () => {
	const expected = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 1, 200];
	assert.deepEqual([...addressToBytes("10.0.1.200")], expected);
});

test("an IPv6 address becomes its sixteen bytes", () => {
	const expected = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 5];
	assert.deepEqual([...addressToBytes("fd00::1234:5")], expected);
});

test("any sixteen bytes survive the way to text and back", () => {
	fc.assert(
		fc.property(bytes16, (bytes) => {
			assert.deepEqual(addressToBytes(bytesToAddress(bytes)), bytes);
		}),
	);
});

test("any IPv4 address survives the way to bytes and back", () => {
	fc.assert(
		fc.property(fc.ipV4(), (text) => {
			assert.equal(bytesToAddress(addressToBytes(text)), text);
			assert.ok(isMapped(addressToBytes(text)));
		}),
	);
});

test("the text made from bytes is canonical", () => {
	fc.assert(
		fc.property(bytes16, (bytes) => {
			const text = bytesToAddress(bytes);
			assert.equal(parseAddress(text), text);
		}),
	);
});

test("what parseAddress accepts has bytes, however it was written", () => {
	fc.assert(
		fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.string()), (text) => {
			const address = parseAddress(text);
			if (address !== undefined) assert.equal(bytesToAddress(addressToBytes(address)), address);
		}),
	);
});

test("leading zeros are decimal", () => {
	assert.equal(parseAddress("172.030.000.041"), "172.30.0.41");
	assert.equal(parseAddress("010.1.1.1"), "10.1.1.1");
});

test("garbage is no address", () => {
	const garbage = ["", "10.1", "1.2.3.4.5", "256.0.0.1", "1.2.3.4 ", "::1%eth0", "10.0.0.0/8"];
	for (const text of [...garbage, "1::2::3", "12345::", ":::", "fd00::g", "a.b.c.d", "1.2.3.-4"]) {
		assert.equal(parseAddress(text), undefined, text);
	}
});

test("text that is no address has no bytes", () => {
	for (const text of ["", "10.1", "1.2.3.4.5", "1.2.3.256", "1::2::3", "::g", "1:2:3"]) {
		assert.throws(() => addressToBytes(text), RangeError, text);
	}
});

test("addresses are listed by family, then by number", () => {
	const sorted = ["9.0.0.1", "10.0.0.2", "10.0.0.10", "::1", "fd00::2", "fd00::10"];
	assert.deepEqual([...sorted].reverse().sort(compareAddresses), sorted);
	assert.equal(compareAddresses("10.0.0.1", "10.0.0.1"), 0);
});
