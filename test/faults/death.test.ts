import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { anyChanges } from "../unit/sync/histories.ts";
import { smallMaps } from "../unit/sync/lib.ts";
import { HISTORIES } from "./lib/histories.ts";
import { KernelMaps } from "./lib/kernel-maps.ts";
import { killEverywhere } from "./lib/kill.ts";
import { REST } from "./lib/process.ts";
import { refuseEverywhere } from "./lib/refuse.ts";

const LONG = process.env.SLUICE_TEST_LONG === "1";
/** Of the histories, which are many, the ones that have every kind of write. */
const CHOSEN = /many Services|endpoint leaves two|passes to another|policy becomes|number of port/;

describe("in the kernel's maps: a process dies at any store, the next one ends like a fresh start", () => {
	const kernel = new KernelMaps();
	const make = () => kernel.make();
	let [deaths, looks] = [0, 0];
	after(() => kernel.disposeAll());

	for (const history of HISTORIES.filter(({ name }) => CHOSEN.test(name))) {
		test(history.name, async () => {
			const tally = await killEverywhere(history, {
				make,
				everyNthAgain: 0,
				handles: (maps) => kernel.again(maps),
				dispose: (maps) => kernel.dispose(maps),
			});
			kernel.disposeAll();
			assert.deepEqual(tally.wrong.slice(0, 3), []);
			assert.ok(tally.deaths > 3);
			deaths += tally.deaths;
			looks += tally.looks;
		});
	}

	test("all of them", (t) => {
		assert.ok(deaths > 200);
		t.diagnostic(
			`measured: ${deaths} deaths at single stores into kernel maps, ${looks} lookups, 0 wrong`,
		);
	});
});

const long = LONG ? false : "the long form (make test-long); the short one is in test/unit/sync";

describe("many deaths of recovering processes, in every history", { skip: long }, () => {
	const make = () => smallMaps({ tombstones: 4 });
	let [deaths, looks, refused] = [0, 0, 0];

	for (const history of HISTORIES) {
		test(history.name, async () => {
			const tally = await killEverywhere(history, { make, everyNthAgain: 7 });
			assert.deepEqual(tally.wrong.slice(0, 3), []);
			deaths += tally.deaths;
			looks += tally.looks;
		});
		test(`writes refused: ${history.name}`, async () => {
			const codes = ["ENOMEM", "E2BIG", "EBUSY", "EIO"];
			const { wrong, runs } = await refuseEverywhere(history, make, codes);
			assert.deepEqual(wrong.slice(0, 3), []);
			refused += runs;
		});
	}

	test("random histories", async (t) => {
		const step = fc.oneof(
			{ weight: 4, arbitrary: anyChanges },
			{ weight: 1, arbitrary: fc.constant(REST) },
		);
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
				const tally = await killEverywhere(
					{ name: "any", steps, apart: true },
					{ make, everyNthAgain: 10 },
				);
				assert.deepEqual(tally.wrong.slice(0, 3), []);
				deaths += tally.deaths;
				looks += tally.looks;
			}),
			{ numRuns: 200 },
		);
		t.diagnostic(
			`measured: ${deaths} deaths, ${looks} lookups, ${refused} refused writes, 0 wrong`,
		);
	});
});
