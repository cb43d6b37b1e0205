import "./lib/own-netns.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterHash } from "../../src/plan/filter-hash.ts";
import { useWorld } from "./lib/setup.ts";

const world = useWorld();

/** struct filter_question of bpf/filter_probe.bpf.c. */
function hashInKernel(kind: number, addr: Uint8Array, port: number, proto: number): number {
	const data = new Uint8Array(24);
	const view = new DataView(data.buffer);
	data.set(addr);
	view.setUint16(16, port);
	view.setUint8(18, proto);
	view.setUint8(19, kind);
	const answer = world().program("filter_probe").testRun({ data }).data;
	return new DataView(answer.buffer, answer.byteOffset).getUint32(20, true);
}

test("the filter's hash is the same in the programs and in the agent", () => {
	fc.assert(
		fc.property(
			fc.nat(2),
			fc.uint8Array({ minLength: 16, maxLength: 16 }),
			fc.nat(65535),
			fc.constantFrom(6, 17, 132),
			(kind, addr, port, proto) => {
				const expected = filterHash(kind, addr, port, proto);
				assert.equal(hashInKernel(kind, addr, port, proto), expected);
			},
		),
		{ numRuns: 500 },
	);
});
