import assert from "node:assert/strict";
import { test } from "node:test";
import { Interner } from "../../../src/kube/intern.ts";
import { EndpointList } from "../../../src/model/endpoint-list.ts";
import type { Endpoint } from "../../../src/model/objects.ts";

const READY: Endpoint = {
	address: "10.0.0.1",
	ready: true,
	serving: true,
	terminating: false,
	nodeName: "a",
	zoneHints: [],
	nodeHints: [],
};

const kept = (endpoints: readonly Endpoint[], interner = new Interner()): Endpoint[] => [
	...new EndpointList(endpoints, (traits) => interner.traits(traits)),
];

test("a list of endpoints gives back what was put in, in its order", () => {
	for (const endpoints of [
		[],
		[READY],
		[READY, { ...READY, address: "fd00::1" }],
		[
			READY,
			{ ...READY, address: "10.0.0.2", ready: false, serving: false },
			{ ...READY, address: "10.0.0.3", ready: false, terminating: true },
			{ ...READY, address: "10.0.0.4", nodeName: "" },
			{ ...READY, address: "10.0.0.5", zoneHints: ["a", "b"] },
			{ ...READY, address: "10.0.0.6", zoneHints: ["a"], nodeHints: ["b"] },
			{ ...READY, address: "10.0.0.7", nodeHints: ["a", "b"] },
			{ ...READY, address: "10.0.0.8", zoneHints: ["a\nb"] },
		],
	]) {
		assert.deepEqual(kept(endpoints), endpoints);
		assert.deepEqual(kept(kept(endpoints)), endpoints);
	}
});

test("what endpoints have in common is kept once, however many slices they are in", () => {
	const interner = new Interner();
	const lists = [1, 2].map(
		() => new EndpointList([READY, READY], (traits) => interner.traits(traits)),
	);
	assert.equal(lists[0]?.traits[0], lists[1]?.traits[0]);
	assert.equal(lists[0]?.traits.length, 1);
});
