import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterAddressHash, filterHash } from "../../src/plan/filter-hash.ts";
import { useWorld } from "./lib/setup.ts";

const world = useWorld();

/** struct filter_question of bpf/filter_probe.bpf.c. */
function hashesInKernel(kind: number, addr: Uint8Array, port: number, proto: number) {
	const data = new Uint8Array(44);
	const view = new DataView(data.buffer);
	data.set(addr, 16);
	view.setUint16(32, port);
	view.setUint8(34, proto);
	view.setUint8(35, kind);
	const answer = world().program("filter_probe").testRun({ data }).data;
	const answers = new DataView(answer.buffer, answer.byteOffset);
	return { tuple: answers.getUint32(36, true), address: answers.getUint32(40, true) };
}

test("the filter's hashes are the same in the programs and in the agent", () => {
	fc.assert(
		fc.property(
			fc.nat(2),
			fc.uint8Array({ minLength: 16, maxLength: 16 }),
			fc.nat(65535),
			fc.constantFrom(6, 17, 132),
			(kind, addr, port, proto) => {
				assert.deepEqual(hashesInKernel(kind, addr, port, proto), {
					tuple: filterHash(kind, addr, port, proto),
					address: filterAddressHash(addr),
				});
			},
		),
		{ numRuns: 500 },
	);
});
