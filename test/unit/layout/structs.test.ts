import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	Backend,
	BackendWord,
	Flow,
	FlowKey,
	FrontendKey,
	MAPS,
	packBackendWord,
	packFrontendWord,
	packSetWord,
	ReapRequest,
	Service,
	ServiceName,
	Settings,
	Slot,
	unpackBackendWord,
	unpackFrontendWord,
	unpackSetWord,
} from "../../../src/layout/structs.ts";

const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);

test("sizes are those that the C compiler gives", () => {
	assert.equal(FrontendKey.SIZE, 20);
	assert.equal(Service.SIZE, 64);
	assert.equal(Backend.SIZE, 48);
	assert.equal(FlowKey.SIZE, 40);
	assert.equal(ReapRequest.SIZE, 16);
	assert.equal(Flow.SIZE % 8, 0);
	assert.equal(Settings.SIZE % 8, 0);
});

test("ports are in network order, other numbers in host order", () => {
	const bytes = new Uint8Array(Backend.SIZE);
	const view = new DataView(bytes.buffer);
	const addr = Uint8Array.from({ length: 16 }, (_, i) => i);
	Backend.encode(
		{ word: 0x01020304, service: 7, addr, port: 0x1f90, proto: 6, flags: 1, weight: 1 },
		view,
		0,
	);
	assert.deepEqual([...bytes.subarray(0, 8)], [4, 3, 2, 1, 7, 0, 0, 0]);
	assert.deepEqual([...bytes.subarray(8, 24)], [...addr]);
	assert.deepEqual([...bytes.subarray(24, 26)], [0x1f, 0x90]);
});

test("what was written is read back, at any offset, and bytes outside stay as they were", () => {
	const record = fc.record({ addr: bytes16, port: u16, proto: u8, scope: u8 });
	fc.assert(
		fc.property(record, fc.nat(40), (key, at) => {
			const bytes = new Uint8Array(80).fill(0xaa);
			const view = new DataView(bytes.buffer);
			FrontendKey.encode(key, view, at);
			assert.deepEqual(FrontendKey.decode(view, at), { ...key });
			assert.ok(bytes.subarray(0, at).every((byte) => byte === 0xaa));
			assert.ok(bytes.subarray(at + FrontendKey.SIZE).every((byte) => byte === 0xaa));
		}),
	);
});

test("padding is written as zeros", () => {
	const record = fc.record({ src: bytes16, dst: bytes16, sport: u16, dport: u16, proto: u8 });
	fc.assert(
		fc.property(record, (key) => {
			const bytes = new Uint8Array(FlowKey.SIZE).fill(0xff);
			FlowKey.encode({ ...key, direction: 1 }, new DataView(bytes.buffer), 0);
			assert.deepEqual([...bytes.subarray(FlowKey.SIZE - 2)], [0, 0]);
		}),
	);
});

test("a text that is too long for its field is cut and still ends with a zero byte", () => {
	const view = new DataView(new ArrayBuffer(ServiceName.SIZE));
	ServiceName.encode({ ns: "a".repeat(100), name: "web", port: "" }, view, 0);
	assert.deepEqual(ServiceName.decode(view, 0), { ns: "a".repeat(63), name: "web", port: "" });
});

test("an array of 64-bit words keeps its order", () => {
	const view = new DataView(new ArrayBuffer(Settings.SIZE));
	const before = Settings.decode(view, 0);
	const timeout = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n];
	Settings.encode({ ...before, timeout, hz: 250 }, view, 0);
	assert.deepEqual(Settings.decode(view, 0).timeout, timeout);
	assert.equal(view.getBigUint64(Settings.OFFSET.timeout + 8, true), 2n);
	assert.equal(Settings.decode(view, 0).hz, 250);
});

test("a set word keeps base, count and generation apart", () => {
	const parts = fc.record({ base: fc.nat(0xffffff), count: u16, generation: fc.nat(0xffffff) });
	fc.assert(
		fc.property(parts, (set) => {
			assert.deepEqual(unpackSetWord(packSetWord(set)), { ...set });
		}),
	);
});

test("a backend word fits in 32 unsigned bits", () => {
	const parts = fc.record({
		state: u8,
		generation: fc.nat(2 ** BackendWord.BACKEND_GENERATION_BITS - 1),
	});
	fc.assert(
		fc.property(parts, (backend) => {
			const word = packBackendWord(backend);
			assert.ok(word >= 0 && word <= 0xffffffff);
			assert.deepEqual(unpackBackendWord(word), { ...backend });
		}),
	);
});

test("a frontend word keeps service and flags apart", () => {
	fc.assert(
		fc.property(fc.record({ service: u32, flags: u32 }), (frontend) => {
			assert.deepEqual(unpackFrontendWord(packFrontendWord(frontend)), { ...frontend });
		}),
	);
});

test("array elements of less than 8 bytes lie 8 bytes apart, as in the kernel", () => {
	assert.equal(MAPS.slots.valueSize, Slot.SIZE);
	assert.equal(MAPS.slots.stride, 8);
	for (const map of Object.values(MAPS)) assert.equal(map.stride % 8, 0);
});
