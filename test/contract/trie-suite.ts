import assert from "node:assert/strict";
import { test } from "node:test";
import { MAP_TYPE } from "../../src/dataplane/fake.ts";
import type { MapPort } from "../../src/dataplane/port.ts";
import { BPF_F_NO_PREALLOC, type MakeMap, throwsCode, u32 } from "./suite.ts";

/** A prefix of 0 to 32 bits as an LPM_TRIE takes it: its length in host order, then its bytes. */
function prefix(length: number, ...bytes: readonly number[]): Uint8Array {
	return Uint8Array.of(...u32(length), ...bytes, ...new Array<number>(4 - bytes.length).fill(0));
}

/** All keys as text, read in pages. */
function keysOf(map: MapPort, page: number): string[] {
	const found: string[] = [];
	let cursor: Uint8Array | undefined;
	do {
		const { keys, count, cursor: next } = map.lookupBatch(cursor, page);
		for (let i = 0; i < count; i++) found.push(keys.subarray(i * 8, (i + 1) * 8).join());
		cursor = next;
	} while (cursor);
	return found;
}

/** What an LPM_TRIE does, as far as the agent uses it. */
export function trieSuite(make: MakeMap): void {
	const trie = (maxEntries = 4): MapPort =>
		make({
			name: "contract",
			type: MAP_TYPE.LPM_TRIE,
			keySize: 8,
			valueSize: 4,
			maxEntries,
			flags: BPF_F_NO_PREALLOC,
		});

	test("a trie holds prefixes of one beginning and different lengths side by side", () => {
		const map = trie();
		for (const length of [0, 8, 16]) map.update(prefix(length, 10), u32(length));
		assert.deepEqual(map.lookup(prefix(16, 10)), u32(16));
		assert.deepEqual(map.lookup(prefix(8, 10)), u32(8));
		assert.equal(map.delete(prefix(8, 10)), true);
		assert.equal(map.delete(prefix(8, 10)), false);
		assert.deepEqual(map.lookup(prefix(16, 10)), u32(16));
		assert.equal(keysOf(map, 8).length, 2);
	});

	test("a prefix that is written again is replaced", () => {
		const map = trie();
		map.update(prefix(8, 10), u32(1));
		map.update(prefix(8, 10), u32(2));
		assert.deepEqual(map.lookup(prefix(8, 10)), u32(2));
		assert.equal(keysOf(map, 8).length, 1);
	});

	test("a full trie takes no new prefix, and one again after another is gone", () => {
		const map = trie(2);
		map.update(prefix(8, 10), u32(1));
		map.update(prefix(16, 10, 1), u32(1));
		throwsCode(() => map.update(prefix(8, 11), u32(1)), "ENOSPC");
		map.delete(prefix(8, 10));
		map.update(prefix(8, 11), u32(1));
		assert.equal(keysOf(map, 8).length, 2);
	});

	test("all prefixes of a trie come page by page, each once", () => {
		const map = trie(64);
		for (let i = 0; i < 40; i++) map.update(prefix(24, 10, i, i), u32(i));
		const found = keysOf(map, 7);
		assert.equal(found.length, 40);
		assert.equal(new Set(found).size, 40);
	});
}
