import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeServiceMaps } from "../../src/dataplane/fake-maps.ts";
import { LargeRun } from "./lib/large-run.ts";

const LONG = process.env.SLUICE_TEST_LONG === "1";
const SERVICES = Number(process.env.SLUICE_TEST_SERVICES ?? (LONG ? 10_000 : 2_000));
const ROUNDS = LONG ? 150 : 24;
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);
/** Rounds between two comparisons of everything. */
const COMPARE_EVERY = LONG ? 30 : 12;

const make = () =>
	fakeServiceMaps({
		services: 4 * SERVICES,
		slots: 32 * SERVICES,
		backends: 32 * SERVICES,
		filter: 2 ** Math.ceil(Math.log2(SERVICES)),
		frontends: 8 * SERVICES,
		names: 4 * SERVICES,
		tombstones: 1000,
	});

test(`${SERVICES} Services change, agents die and writes are refused at random: lookups meet the old or the new, and the end is a fresh start's`, async (t) => {
	t.diagnostic(`SLUICE_TEST_SEED=${SEED}`);
	const run = new LargeRun(SERVICES, SEED, make);
	await run.begin();
	for (let round = 1; round <= ROUNDS && run.wrong.length === 0; round++) {
		await run.round();
		if (round % COMPARE_EVERY === 0) await run.compare();
	}
	await run.end();
	assert.deepEqual(run.wrong.slice(0, 5), [], `SLUICE_TEST_SEED=${SEED} does it again`);
	const { deaths, refused, looks } = run;
	assert.ok(deaths > ROUNDS / 3 && refused > 0 && looks > 1000);
	t.diagnostic(
		`measured: ${SERVICES} services: ${deaths} deaths, ${refused} refused writes, ${looks} lookups between stores, 0 wrong`,
	);
});
