import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lacking } from "../lib/features.ts";
import type { Case } from "./lib/case.ts";
import { Coverage } from "./lib/coverage.ts";
import { makePlace } from "./lib/place.ts";
import { anyCase } from "./lib/recipe.ts";
import { CaseRunner } from "./lib/run-case.ts";

/** PACKETS=1000 runs fewer or more of them; the paths are then shown and not judged. */
const CHOSEN = Number(process.env.PACKETS ?? 0);
const LONG = process.env.SLUICE_TEST_LONG === "1";
const PACKETS = CHOSEN || (LONG ? 1_000_000 : 20_000);
/** SEED=1234 repeats a run; each change is tried with the same packets, each long run with others. */
const SEED = Number(process.env.SEED ?? (LONG ? Date.now() % 1e9 : 1));
/** Cases of one property check, which shrinks what fails. */
const ROUND = 500;
/** Of one check, most of all for its shrinking. */
const LIMIT_MS = 30_000;

const NEEDS = { skip: lacking("checksumCompleteRuns") };

test("random and mutated packets get what a model says, whatever came before", NEEDS, (t) => {
	t.diagnostic(`measured: SEED=${SEED} repeats this run`);
	const coverage = new Coverage();
	const runner = new CaseRunner(makePlace(), coverage);
	const started = performance.now();
	for (let round = 0; coverage.packets < PACKETS; round++) {
		const property = fc.property(anyCase, (each) => runner.run(each));
		const result = fc.check(property, {
			seed: SEED + round,
			numRuns: ROUND,
			interruptAfterTimeLimit: LIMIT_MS,
		});
		if (result.failed) assert.fail(showResult(result, round));
	}
	const seconds = (performance.now() - started) / 1000;
	t.diagnostic(`measured: ${coverage.packets} packets in ${seconds.toFixed(1)} s`);
	for (const line of coverage.lines()) t.diagnostic(line);
	if (CHOSEN === 0) assert.deepEqual(coverage.missing(), [], "paths that no packet took");
});

/** The smallest case that fails, and its packet. */
function showResult(result: fc.RunDetails<[Case]>, round: number): string {
	const { counterexample, errorInstance, numShrinks } = result;
	const steps = counterexample?.[0].steps.map((step) => `  ${JSON.stringify(step)}`) ?? [];
	const setup = { ...counterexample?.[0], steps: undefined };
	const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
	return [
		`SEED=${SEED + round} fails in its first round; after ${numShrinks} shrinks: ${message}`,
		`the case: ${JSON.stringify(setup)}`,
		...steps,
	].join("\n");
}
