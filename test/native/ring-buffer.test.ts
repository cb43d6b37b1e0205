import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { patience } from "../lib/time-scale.ts";
import { until } from "../lib/until.ts";
import { addon, compileSample } from "./programs.ts";

const sample = compileSample();

function loadSample() {
	const object = addon.BpfObject.open(sample);
	object.setAutoload("refused", false);
	object.load();
	const program = object.program("submit");
	const large = object.program("submit_large");
	return {
		ring: object.map("ring"),
		/** Sends that number through the ring; false when it is full. */
		submit(value: number): boolean {
			const data = new Uint8Array(64);
			new DataView(data.buffer).setUint32(0, value, true);
			return program.testRun({ data }).retval === 0;
		},
		/** The same with a record of 1 KiB. */
		submitLarge(): boolean {
			return large.testRun({ data: new Uint8Array(64) }).retval === 0;
		},
	};
}

/** Bytes of a large record in a batch, with its length before it. */
const LARGE = 4 + 1024;

/** The numbers in a batch of records of 4 bytes. */
function numbersOf(batch: Uint8Array): number[] {
	const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
	const numbers: number[] = [];
	for (let at = 0; at < batch.byteLength; at += 8) {
		assert.equal(view.getUint32(at, true), 4);
		numbers.push(view.getUint32(at + 4, true));
	}
	return numbers;
}

test("records arrive in order, each one once", async (t) => {
	const { ring, submit } = loadSample();
	const seen: number[] = [];
	const reader = new addon.RingBuffer(ring, (batch) => seen.push(...numbersOf(batch)));
	t.after(() => reader.close());
	const wanted: number[] = [];
	for (let i = 0; i < 1000; i++) {
		if (submit(i)) wanted.push(i);
		if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	await until("all records", () => seen.length + reader.lost >= wanted.length);
	assert.equal(reader.lost, 0);
	assert.deepEqual(seen, wanted);
});

test("records that were there before the reader are delivered", async (t) => {
	const { ring, submit } = loadSample();
	submit(41);
	const seen: number[] = [];
	const reader = new addon.RingBuffer(ring, (batch) => seen.push(...numbersOf(batch)));
	t.after(() => reader.close());
	await until("the record", () => seen.length > 0);
	assert.deepEqual(seen, [41]);
});

test("while JavaScript is busy, what does not fit is counted as lost", async (t) => {
	const { ring, submitLarge } = loadSample();
	let seen = 0;
	let sent = 0;
	const reader = new addon.RingBuffer(ring, (batch) => {
		seen += batch.byteLength / LARGE;
	});
	t.after(() => reader.close());
	const deadline = performance.now() + patience(10_000);
	while (reader.lost === 0 && performance.now() < deadline) {
		if (submitLarge()) sent++;
	}
	assert.ok(reader.lost > 0, `nothing was lost of ${sent}`);
	await until("the rest", () => seen + reader.lost === sent);
});

test("nothing is delivered after close, and closing again does nothing", async (t) => {
	const { ring, submit } = loadSample();
	let calls = 0;
	const reader = new addon.RingBuffer(ring, () => calls++);
	t.after(() => reader.close());
	submit(1);
	reader.close();
	reader.close();
	submit(2);
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(calls, 0);
});

test("an exception of the callback is an uncaught exception", () => {
	const script = `
		const { loadAddon } = await import(${JSON.stringify(import.meta.resolve("../../src/dataplane/addon.ts"))});
		const addon = loadAddon();
		const object = addon.BpfObject.open(${JSON.stringify(sample)});
		object.setAutoload("refused", false);
		object.load();
		new addon.RingBuffer(object.map("ring"), () => { throw new Error("thrown in the callback"); });
		object.program("submit").testRun({ data: new Uint8Array(64) });
	`;
	const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
		encoding: "utf8",
		timeout: 10_000,
	});
	assert.equal(status, 1, stderr);
	assert.match(stderr, /Error: thrown in the callback/);
});

test("a process that exits without closing its reader just exits", () => {
	const script = `
		const { loadAddon } = await import(${JSON.stringify(import.meta.resolve("../../src/dataplane/addon.ts"))});
		const addon = loadAddon();
		const map = addon.BpfMap.create({ name: "r", type: 27, keySize: 0, valueSize: 0, maxEntries: 4096 });
		new addon.RingBuffer(map, () => {});
		new addon.NetlinkMonitor(["links"], () => {});
		process.exit(7);
	`;
	const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
		encoding: "utf8",
		timeout: 10_000,
	});
	assert.equal(status, 7, stderr);
});

test("a map that is no ring buffer is refused by name", () => {
	const hash = addon.BpfMap.create({
		name: "hash",
		type: 1,
		keySize: 4,
		valueSize: 4,
		maxEntries: 1,
	});
	assert.throws(() => new addon.RingBuffer(hash, () => {}), { code: "EINVAL", object: "hash" });
	assert.throws(() => new addon.RingBuffer(7 as never, () => {}), { name: "TypeError" });
});
