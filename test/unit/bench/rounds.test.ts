import assert from "node:assert/strict";
import { test } from "node:test";

import { interleave, orderOf } from "../../../bench/lib/rounds.ts";

test("every variant runs once per round and keeps its results in the order of rounds", async () => {
	let calls = 0;
	const results = await interleave(3, {
		first: (): [string, number] => ["first", ++calls],
		second: async (): Promise<[string, number]> => ["second", ++calls],
	});
	assert.deepEqual(
		results.first.map(([name]) => name),
		["first", "first", "first"],
	);
	assert.equal(results.second.length, 3);
	for (let round = 0; round < 3; round++) {
		const numbers = [results.first[round]?.[1], results.second[round]?.[1]];
		assert.deepEqual(
			numbers.toSorted((a, b) => Number(a) - Number(b)),
			[2 * round + 1, 2 * round + 2],
		);
	}
});

test("over the rounds every variant takes every place", () => {
	const names = ["a", "b", "c"];
	const places = new Map(names.map((name) => [name, new Set<number>()]));
	for (let round = 0; round < 6; round++) {
		for (const [place, name] of orderOf(names, round).entries()) places.get(name)?.add(place);
	}
	for (const seen of places.values()) assert.equal(seen.size, 3);
});

test("no variants make empty rounds", async () => {
	assert.deepEqual(await interleave(2, {}), {});
});
