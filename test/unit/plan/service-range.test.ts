import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressToBytes, bytesToAddress } from "../../../src/model/address-bytes.ts";
import { bytesToCIDR, containsAddress } from "../../../src/model/cidr.ts";
import { NO_SERVICE_RANGE, serviceRangeWords } from "../../../src/plan/service-range.ts";

const ONES_32 = 0xffff_ffffn;
const ONES_64 = 0xffff_ffff_ffff_ffffn;

/** service_range_maybe() of bpf/service_range.h. */
function maybe(words: readonly bigint[], address: string): boolean {
	const bytes = addressToBytes(address);
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	const [one = 0n, other = 0n, not = 0n, host = 0n] = words;
	if (address.includes(":")) return ((view.getBigUint64(0, true) ^ not) | host) === ONES_64;
	const addr = BigInt(view.getUint32(12, true));
	return [one, other].some((word) => (((word & ONES_32) ^ addr) | (word >> 32n)) === ONES_32);
}

const anyAddress = fc.oneof(
	fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => bytes.join(".")),
	fc
		.uint8Array({ minLength: 16, maxLength: 16 })
		.filter((bytes) => bytes[0] !== 0)
		.map((bytes) => bytesToAddress(bytes)),
);
const anyCIDR = fc.tuple(anyAddress, fc.nat(128)).map(([address, bits]) => {
	const isV6 = address.includes(":");
	return bytesToCIDR(addressToBytes(address), isV6 ? Math.max(bits, 1) : 96 + (bits % 33));
});

test("every address of every prefix is held, however many there are", () => {
	fc.assert(
		fc.property(fc.array(anyCIDR, { maxLength: 6 }), anyAddress, (cidrs, address) => {
			const words = serviceRangeWords(cidrs);
			if (cidrs.some((cidr) => containsAddress(cidr, address))) assert.ok(maybe(words, address));
			for (const cidr of cidrs) assert.ok(maybe(words, cidr.split("/")[0] ?? ""), cidr);
		}),
	);
});

test("prefixes that fit hold nothing else", () => {
	const words = serviceRangeWords(["10.96.0.0/12", "172.30.0.0/16", "fd96::/108"]);
	const held = ["10.96.0.0", "10.111.255.255", "172.30.1.2", "fd96::1", "fd96::ffff:1"];
	const others = [
		"10.112.0.0",
		"10.95.255.255",
		"172.31.0.0",
		"0.0.0.0",
		"fd96:0:0:1::1",
		"fd97::1",
	];
	assert.deepEqual(
		held.map((address) => maybe(words, address)),
		held.map(() => true),
	);
	assert.deepEqual(
		others.map((address) => maybe(words, address)),
		others.map(() => false),
	);
});

test("of three prefixes the two most alike become one", () => {
	const words = serviceRangeWords(["10.96.0.0/16", "172.30.0.0/16", "10.97.0.0/16"]);
	assert.ok(maybe(words, "10.97.255.1"));
	assert.ok(!maybe(words, "10.98.0.1"));
	assert.ok(!maybe(words, "172.31.0.1"));
});

test("without prefixes nothing is held", () => {
	assert.deepEqual(serviceRangeWords([]), NO_SERVICE_RANGE);
	for (const address of ["0.0.0.0", "10.96.0.1", "fd96::1", "::"]) {
		assert.ok(!maybe(NO_SERVICE_RANGE, address));
	}
});
