import assert from "node:assert/strict";
import { isIP, SocketAddress } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { familyOf, parseAddress } from "../../../src/model/address.ts";

test("addresses come out in canonical form, leading zeros of IPv4 read as decimal", () => {
	for (const [text, canonical] of [
		["10.0.0.1", "10.0.0.1"],
		["172.30.000.041", "172.30.0.41"],
		["255.255.255.255", "255.255.255.255"],
		["::", "::"],
		["::1", "::1"],
		["FD00:0:0::0005", "fd00::5"],
		["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
		["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
		["1::", "1::"],
		["::ffff:10.0.0.1", "10.0.0.1"],
		["::FFFF:0a00:0001", "10.0.0.1"],
		["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
		["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
	] as const) {
		assert.equal(parseAddress(text), canonical, text);
	}
});

test("what is no address is refused", () => {
	for (const text of [
		...[
			"",
			"10.0.0",
			"10.0.0.1.1",
			"10.0.0.256",
			"10.0.0.-1",
			"10.0.0.1 ",
			"0x0a.0.0.1",
			"10.0..1",
		],
		...["10.0.0.1/8", "a.b.c.d", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9"],
		...["1:2:3:4:5:6:7:8::", "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3", "1.2.3.4::"],
		...["::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4"],
	]) {
		assert.equal(parseAddress(text), undefined, JSON.stringify(text));
	}
});

test("every address the platform knows is read, and written as the platform writes it", () => {
	fc.assert(
		fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
			const family = isIP(text) === 4 ? "ipv4" : "ipv6";
			const parsed = parseAddress(text);
			assert.ok(parsed !== undefined);
			if (family === "ipv4") {
				assert.equal(parsed, text);
				assert.equal(familyOf(parsed), "IPv4");
			} else if (!parsed.includes(".")) {
				const { address } = new SocketAddress({ address: text, family });
				assert.equal(parsed, parseAddress(address));
				assert.equal(familyOf(parsed), "IPv6");
			}
			assert.equal(parseAddress(parsed), parsed);
		}),
		{ numRuns: 1000 },
	);
});

test("no text makes reading fail", () => {
	const character = fc.constantFrom(..."0123456789abf:.%/ x");
	fc.assert(
		fc.property(fc.string({ unit: character, maxLength: 20 }), (text) => {
			const parsed = parseAddress(text);
			assert.ok(parsed === undefined || isIP(parsed) > 0);
			const known = isIP(text) > 0 && !text.includes("%");
			assert.ok(parsed !== undefined || !known);
		}),
		{ numRuns: 5000 },
	);
});
