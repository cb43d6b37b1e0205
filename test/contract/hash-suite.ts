import assert from "node:assert/strict";
import { test } from "node:test";
import { MAP_TYPE } from "../../src/dataplane/fake.ts";
import type { MapPort } from "../../src/dataplane/port.ts";
import { BPF_F_NO_PREALLOC, contents, type MakeMap, throwsCode, u32, u64 } from "./suite.ts";

/** What a HASH and an LRU_HASH do. */
export function hashSuite(make: MakeMap): void {
	const hash = (maxEntries = 4, flags = 0): MapPort =>
		make({ name: "contract", type: MAP_TYPE.HASH, keySize: 4, valueSize: 8, maxEntries, flags });

	test("a hash tells what it was made with", () => {
		const { id, ...info } = hash(4, BPF_F_NO_PREALLOC).info;
		assert.equal(typeof id, "number");
		assert.deepEqual(info, {
			name: "contract",
			type: 1,
			keySize: 4,
			valueSize: 8,
			maxEntries: 4,
			flags: 1,
		});
	});

	test("a hash gives back what was written, and nothing for other keys", () => {
		const map = hash();
		map.update(u32(1), u64(10));
		map.update(u32(1), u64(11));
		assert.deepEqual(map.lookup(u32(1)), u64(11));
		assert.equal(map.lookup(u32(2)), undefined);
	});

	test("a looked-up value is a copy, and so is a written one", () => {
		const map = hash();
		const value = u64(7);
		map.update(u32(1), value);
		value.fill(9);
		map.lookup(u32(1))?.fill(9);
		assert.deepEqual(map.lookup(u32(1)), u64(7));
	});

	test("create refuses a key that is there, replace one that is not", () => {
		const map = hash();
		map.update(u32(1), u64(1), "create");
		throwsCode(() => map.update(u32(1), u64(2), "create"), "EEXIST");
		throwsCode(() => map.update(u32(2), u64(2), "replace"), "ENOENT");
		map.update(u32(1), u64(3), "replace");
		assert.deepEqual(contents(map, 10), [[1, 3]]);
	});

	for (const [kind, flags] of [
		["preallocated", 0],
		["not preallocated", BPF_F_NO_PREALLOC],
	] as const) {
		test(`a full hash (${kind}) refuses new keys with E2BIG and still takes known ones`, () => {
			const map = hash(2, flags);
			map.update(u32(1), u64(1));
			map.update(u32(2), u64(2));
			throwsCode(() => map.update(u32(3), u64(3)), "E2BIG");
			throwsCode(() => map.update(u32(3), u64(3), "replace"), "ENOENT");
			throwsCode(() => map.update(u32(1), u64(3), "create"), "EEXIST");
			map.update(u32(1), u64(4));
			assert.deepEqual(contents(map, 10), [
				[1, 4],
				[2, 2],
			]);
		});
	}

	test("delete says whether the key was there", () => {
		const map = hash();
		map.update(u32(1), u64(1));
		assert.equal(map.delete(u32(1)), true);
		assert.equal(map.delete(u32(1)), false);
		assert.equal(map.lookup(u32(1)), undefined);
	});

	test("a batch of updates writes every entry and overwrites", () => {
		const map = hash();
		map.updateBatch(u32(1, 2, 1), u64(1, 2, 3), 3);
		map.updateBatch(u32(), u64(), 0);
		assert.deepEqual(contents(map, 10), [
			[1, 3],
			[2, 2],
		]);
	});

	test("a batch of updates into a full hash tells how many it wrote, in order", () => {
		const map = hash(3);
		throwsCode(() => map.updateBatch(u32(5, 6, 7, 8, 9), u64(5, 6, 7, 8, 9), 5), "E2BIG", 3);
		assert.deepEqual(contents(map, 10), [
			[5, 5],
			[6, 6],
			[7, 7],
		]);
		throwsCode(() => map.updateBatch(u32(9), u64(9), 1), "E2BIG", 0);
	});

	test("a batch of deletions skips what is not there and counts what was", () => {
		const map = hash(8);
		map.updateBatch(u32(1, 2, 3, 4), u64(1, 2, 3, 4), 4);
		assert.equal(map.deleteBatch(u32(9, 1, 8, 3, 1, 7), 6), 2);
		assert.deepEqual(contents(map, 10), [
			[2, 2],
			[4, 4],
		]);
		assert.equal(map.deleteBatch(u32(), 0), 0);
	});

	test("pages of any size add up to the whole map", () => {
		const map = hash(2000);
		const numbers = Array.from({ length: 1500 }, (_, i) => i * 3);
		map.updateBatch(u32(...numbers), u64(...numbers), numbers.length);
		const wanted = numbers.map((n) => [n, n]);
		for (const page of [1, 7, 256, 5000]) assert.deepEqual(contents(map, page), wanted);
	});

	test("an empty hash is one empty page", () => {
		const { count, cursor } = hash().lookupBatch(undefined, 10);
		assert.deepEqual([count, cursor], [0, undefined]);
	});

	test("entries that stay are not missed when those of earlier pages are deleted", () => {
		const map = hash(2000);
		const numbers = Array.from({ length: 1000 }, (_, i) => i);
		map.updateBatch(u32(...numbers), u64(...numbers), numbers.length);
		let cursor: Uint8Array | undefined;
		let seen = 0;
		do {
			const page = map.lookupBatch(cursor, 64);
			seen += map.deleteBatch(page.keys, page.count);
			cursor = page.cursor;
		} while (cursor !== undefined);
		assert.equal(seen, 1000);
		assert.deepEqual(contents(map, 10), []);
	});

	test("wrong sizes are TypeErrors that tell the right one", () => {
		const map = hash();
		assert.throws(() => map.lookup(u64(1)), { name: "TypeError", message: /must have 4 bytes/ });
		assert.throws(() => map.update(u32(1), u32(1)), { name: "TypeError", message: /8 bytes/ });
		assert.throws(() => map.delete(u64(1)), { name: "TypeError", message: /contract/ });
		assert.throws(() => map.updateBatch(u32(1), u64(1, 2), 2), { name: "TypeError" });
		assert.throws(() => map.deleteBatch(u32(1, 2), 1), { name: "TypeError" });
	});

	test("a hash has no memory to map", () => {
		throwsCode(() => hash().memory(), "ENOTSUPP");
	});

	const lru = (maxEntries: number): MapPort =>
		make({ name: "contract", type: MAP_TYPE.LRU_HASH, keySize: 4, valueSize: 8, maxEntries });

	test("an LRU hash is never full: old entries make room", () => {
		const map = lru(128);
		for (let i = 0; i < 1000; i++) map.update(u32(i), u64(i));
		const found = contents(map, 100);
		assert.ok(found.length <= 128 && found.length > 0, `${found.length} entries`);
		assert.deepEqual(map.lookup(u32(999)), u64(999));
	});

	// One with room: the kernel makes room before it looks for the key, and may evict that very one.
	test("create and replace in an LRU hash are refused as in others", () => {
		const map = lru(1024);
		map.update(u32(1), u64(1));
		throwsCode(() => map.update(u32(1), u64(2), "create"), "EEXIST");
		throwsCode(() => map.update(u32(2), u64(2), "replace"), "ENOENT");
		assert.deepEqual(contents(map, 10), [[1, 1]]);
	});
}
