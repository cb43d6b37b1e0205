import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeMap, MAP_TYPE } from "../../src/dataplane/fake.ts";
import { Died, faulty, nthFault, randomFaults } from "../../src/dataplane/faulty.ts";
import type { MapPort } from "../../src/dataplane/port.ts";
import { contents, throwsCode, u32, u64 } from "./suite.ts";

const hash = (): MapPort =>
	fakeMap({ name: "contract", type: MAP_TYPE.HASH, keySize: 4, valueSize: 8, maxEntries: 100 });

test("the nth write fails with the code, writes nothing, and all others work", () => {
	const map = faulty(hash(), nthFault(2, { kind: "fail", code: "ENOMEM" }));
	map.update(u32(1), u64(1));
	assert.deepEqual(map.lookup(u32(1)), u64(1));
	throwsCode(() => map.update(u32(2), u64(2)), "ENOMEM");
	map.update(u32(3), u64(3));
	assert.deepEqual(contents(map, 10), [
		[1, 1],
		[3, 3],
	]);
});

test("a map that is full refuses new keys, and no others", () => {
	const map = hash();
	map.update(u32(1), u64(1));
	const full = faulty(map, () => ({ kind: "fail", code: "E2BIG" }));
	full.update(u32(1), u64(2));
	throwsCode(() => full.update(u32(2), u64(2)), "E2BIG");
	assert.deepEqual(contents(map, 10), [[1, 2]]);
});

test("a death before a write leaves the map alone, one after it does not", () => {
	for (const when of ["before", "after"] as const) {
		const map = hash();
		const dying = faulty(map, nthFault(1, { kind: "die", when }));
		assert.throws(() => dying.updateBatch(u32(1), u64(1), 1), Died);
		assert.deepEqual(contents(map, 10), when === "before" ? [] : [[1, 1]]);
	}
});

test("one source counts the writes of all its ports", () => {
	const source = nthFault(3, { kind: "fail", code: "EIO" });
	const [one, two] = [faulty(hash(), source), faulty(hash(), source)];
	one.update(u32(1), u64(1));
	two.delete(u32(1));
	throwsCode(() => one.deleteBatch(u32(1), 1), "EIO");
});

test("random faults repeat with their seed", () => {
	const outcomes = (seed: number): string => {
		const map = faulty(hash(), randomFaults(seed, 0.5, { kind: "fail", code: "ENOMEM" }));
		return Array.from({ length: 40 }, (_, i) => {
			try {
				map.update(u32(i), u64(i));
				return "+";
			} catch {
				return "-";
			}
		}).join("");
	};
	assert.equal(outcomes(1), outcomes(1));
	assert.notEqual(outcomes(1), outcomes(2));
	assert.match(outcomes(1), /\+.*-|-.*\+/);
});
