import assert from "node:assert/strict";
import type { MapPort } from "../../src/dataplane/port.ts";
import { BpfError } from "../../src/errors.ts";

/** Makes an empty map; the suites run once per way to make one. */
export type MakeMap = (options: {
	name: string;
	type: number;
	keySize: number;
	valueSize: number;
	maxEntries: number;
	flags?: number;
}) => MapPort;

export const BPF_F_NO_PREALLOC = 1;
export const BPF_F_MMAPABLE = 1 << 10;

/** 4-byte numbers, back to back. */
export function u32(...numbers: number[]): Uint8Array {
	return new Uint8Array(Uint32Array.from(numbers).buffer);
}

/** 8-byte numbers, back to back. */
export function u64(...numbers: number[]): Uint8Array {
	return new Uint8Array(BigUint64Array.from(numbers, BigInt).buffer);
}

/** Fails unless the action throws a BpfError of that code, with that many entries done. */
export function throwsCode(action: () => unknown, code: string, done = 0): void {
	assert.throws(action, (error: unknown) => {
		assert.ok(error instanceof BpfError, `${error} is no BpfError`);
		assert.equal(error.code, code);
		assert.equal(error.done, done);
		assert.ok(error.errno > 0);
		assert.ok(error.op.length > 0);
		assert.equal(error.object, "contract");
		return true;
	});
}

/** Everything in the map as [key, value] numbers, sorted, read in pages. */
export function contents(map: MapPort, page: number): [number, number][] {
	const entries: [number, number][] = [];
	let cursor: Uint8Array | undefined;
	do {
		const { keys, values, count, cursor: next } = map.lookupBatch(cursor, page);
		const keyView = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
		const valueView = new DataView(values.buffer, values.byteOffset, values.byteLength);
		assert.equal(keys.byteLength, count * 4);
		assert.equal(values.byteLength, count * 8);
		for (let i = 0; i < count; i++) {
			entries.push([keyView.getUint32(i * 4, true), Number(valueView.getBigUint64(i * 8, true))]);
		}
		cursor = next;
	} while (cursor !== undefined);
	return entries.sort(([a], [b]) => a - b);
}
