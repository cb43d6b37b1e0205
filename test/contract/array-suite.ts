import assert from "node:assert/strict";
import { test } from "node:test";
import { MAP_TYPE } from "../../src/dataplane/fake.ts";
import type { MapPort } from "../../src/dataplane/port.ts";
import { BPF_F_MMAPABLE, contents, type MakeMap, throwsCode, u32, u64 } from "./suite.ts";

/** What an ARRAY and a PERCPU_ARRAY do. */
export function arraySuite(make: MakeMap, cpus: number): void {
	const array = (flags = 0, valueSize = 8, maxEntries = 3): MapPort =>
		make({ name: "contract", type: MAP_TYPE.ARRAY, keySize: 4, valueSize, maxEntries, flags });

	test("an array is full of zeros from the start", () => {
		assert.deepEqual(contents(array(), 2), [
			[0, 0],
			[1, 0],
			[2, 0],
		]);
	});

	test("an array holds what was written", () => {
		const map = array();
		map.update(u32(1), u64(5));
		map.update(u32(2), u64(6), "replace");
		assert.deepEqual(map.lookup(u32(1)), u64(5));
		assert.deepEqual(contents(map, 10), [
			[0, 0],
			[1, 5],
			[2, 6],
		]);
	});

	test("past the end of an array there is nothing, and nothing can be written", () => {
		const map = array();
		assert.equal(map.lookup(u32(3)), undefined);
		throwsCode(() => map.update(u32(3), u64(1)), "E2BIG");
		throwsCode(() => map.updateBatch(u32(1, 2, 3), u64(1, 2, 3), 3), "E2BIG", 2);
		assert.deepEqual(map.lookup(u32(2)), u64(2));
	});

	test("array entries can be neither created nor deleted", () => {
		const map = array();
		throwsCode(() => map.update(u32(1), u64(1), "create"), "EEXIST");
		throwsCode(() => map.delete(u32(1)), "EINVAL");
		throwsCode(() => map.deleteBatch(u32(1), 1), "EINVAL");
	});

	test("an mmapable array's memory is the array", () => {
		const map = array(BPF_F_MMAPABLE);
		const words = new BigUint64Array(map.memory());
		assert.equal(words.length, 3);
		Atomics.store(words, 2, 77n);
		assert.deepEqual(map.lookup(u32(2)), u64(77));
		map.update(u32(1), u64(9));
		assert.equal(Atomics.load(words, 1), 9n);
	});

	test("the memory pads each value to 8 bytes", () => {
		const map = array(BPF_F_MMAPABLE, 4);
		map.update(u32(1), u32(42));
		const words = new Uint32Array(map.memory());
		assert.deepEqual([...words], [0, 0, 42, 0, 0, 0]);
		assert.deepEqual(map.lookup(u32(1)), u32(42));
	});

	test("the memory is the same buffer each time", () => {
		const map = array(BPF_F_MMAPABLE);
		assert.equal(map.memory(), map.memory());
	});

	test("a part of the memory is the array's beginning, and as large as asked for", () => {
		const elements = 4096;
		const map = array(BPF_F_MMAPABLE, 8, elements);
		for (const wanted of [elements, 1, 1500, 3]) {
			const words = new BigUint64Array(map.memory(wanted * 8));
			assert.ok(words.length >= wanted && words.length <= elements);
			Atomics.store(words, wanted - 1, BigInt(wanted));
			assert.deepEqual(map.lookup(u32(wanted - 1)), u64(wanted));
		}
		assert.equal(new BigUint64Array(map.memory()).length, elements);
	});

	test("an array that is not mmapable has no memory to map", () => {
		throwsCode(() => array().memory(), "EINVAL");
	});

	const perCpu = (): MapPort =>
		make({
			name: "contract",
			type: MAP_TYPE.PERCPU_ARRAY,
			keySize: 4,
			valueSize: 4,
			maxEntries: 2,
		});

	test("a per-CPU array gives every CPU's value, padded to 8 bytes", () => {
		const map = perCpu();
		assert.deepEqual(map.lookup(u32(0)), new Uint8Array(8 * cpus));
		const values = u64(...Array.from({ length: cpus }, (_, cpu) => cpu + 1));
		map.update(u32(1), values);
		assert.deepEqual(map.lookup(u32(1)), values);
		assert.equal(map.lookup(u32(2)), undefined);
		assert.equal(map.info.valueSize, 4);
	});

	test("a per-CPU array is paged with all its values", () => {
		const map = perCpu();
		const values = u64(...Array.from({ length: cpus }, (_, cpu) => cpu + 5));
		map.update(u32(1), values);
		const page = map.lookupBatch(undefined, 10);
		assert.equal(page.count, 2);
		assert.deepEqual(page.values, new Uint8Array([...new Uint8Array(8 * cpus), ...values]));
	});

	test("a per-CPU array takes values of all CPUs only", () => {
		assert.throws(() => perCpu().update(u32(0), u32(1)), { name: "TypeError" });
		throwsCode(() => perCpu().memory(), "ENOTSUPP");
	});
}
