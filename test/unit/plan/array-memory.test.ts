import assert from "node:assert/strict";
import { test } from "node:test";
import { ArrayMemory, type ArrayPort } from "../../../src/plan/array-memory.ts";

const ELEMENTS = 1000;
const STRIDE = 8;

/** As the kernel's: a call for another length ends the buffer of the call before. */
class Port implements ArrayPort {
	readonly info = { maxEntries: ELEMENTS };
	readonly asked: number[] = [];
	#all = new ArrayBuffer(ELEMENTS * STRIDE);
	#given: ArrayBuffer | undefined;

	memory(bytes = this.#all.byteLength): ArrayBuffer {
		this.asked.push(bytes / STRIDE);
		if (this.#given !== undefined) new Uint8Array(this.#all).set(new Uint8Array(this.#given));
		this.#given?.transfer();
		this.#given = this.#all.slice(0, bytes);
		return this.#given;
	}
}

test("all of an array is mapped until somebody says what is in use", () => {
	const port = new Port();
	const memory = new ArrayMemory(port, STRIDE);
	memory.reach(ELEMENTS);
	assert.deepEqual(port.asked, [ELEMENTS]);
	assert.equal(memory.longWords.length, ELEMENTS);
});

test("what is in use stays as it is when less, and then more, is mapped", () => {
	const memory = new ArrayMemory(new Port(), STRIDE);
	memory.longWords[1] = 11n;
	memory.keep(2);
	assert.equal(memory.longWords.length, 2);
	memory.words[0] = 7;
	memory.reach(500);
	memory.view.setUint32(499 * STRIDE, 9, true);
	memory.reach(ELEMENTS);
	assert.deepEqual(
		[memory.longWords[0], memory.longWords[1], memory.longWords[499]],
		[7n, 11n, 9n],
	);
	assert.equal(memory.bytes.length, ELEMENTS * STRIDE);
});

test("an array that fills one by one is mapped anew a few times only", () => {
	const port = new Port();
	const memory = new ArrayMemory(port, STRIDE);
	memory.keep(0);
	for (let end = 1; end <= ELEMENTS; end++) memory.reach(end);
	assert.equal(port.asked.at(-1), ELEMENTS);
	assert.ok(port.asked.length < 40, `${port.asked.length} times`);
});

test("what is in use of an array ends with its last element that is not zero", () => {
	const memory = new ArrayMemory(new Port(), STRIDE);
	assert.equal(memory.usedEnd(), 0);
	for (const last of [0, 1, 510, 511, 512, 513, ELEMENTS - 1]) {
		memory.bytes[last * STRIDE + (last % STRIDE)] = 1;
		assert.equal(memory.usedEnd(), last + 1);
	}
});
