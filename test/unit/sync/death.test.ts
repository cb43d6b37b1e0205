import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HISTORIES } from "../../faults/lib/histories.ts";
import { killEverywhere, type Tally } from "../../faults/lib/kill.ts";
import { REST } from "../../faults/lib/process.ts";
import { anyChanges } from "./histories.ts";
import { smallMaps } from "./lib.ts";

const make = () => smallMaps({ tombstones: 4 });

const sum = { deaths: 0, looks: 0 };
const add = ({ deaths, looks }: Tally): void => {
	sum.deaths += deaths;
	sum.looks += looks;
};

for (const history of HISTORIES) {
	test(`a process that dies at any store is followed by one that ends like a fresh start, unnoticed: ${history.name}`, async () => {
		const tally = await killEverywhere(history, {
			make,
			everyNthAgain: 40,
		});
		assert.deepEqual(tally.wrong.slice(0, 3), []);
		assert.ok(tally.deaths > 3 && tally.looks > 20);
		add(tally);
	});
}

test("and so it is in any history", async (t) => {
	const step = fc.oneof(
		{ weight: 4, arbitrary: anyChanges },
		{ weight: 1, arbitrary: fc.constant(REST) },
	);
	const steps = fc.array(step, { minLength: 2, maxLength: 5 });
	await fc.assert(
		fc.asyncProperty(steps, async (steps) => {
			const tally = await killEverywhere(
				{ name: "any", steps, apart: true },
				{ make, everyNthAgain: 0 },
			);
			assert.deepEqual(tally.wrong.slice(0, 3), []);
			add(tally);
		}),
		{ numRuns: 10 },
	);
	t.diagnostic(
		`measured: ${sum.deaths} deaths at single stores, ${sum.looks} lookups between stores, 0 wrong`,
	);
});
