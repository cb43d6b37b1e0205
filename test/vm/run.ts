// Runs the kernel's part of the tests on every kernel that is served, in QEMU. KERNELS=6.1,sid: only those;
// TESTS=REGEXP: only files it matches, or else tests whose names it matches; SUITES=bpf,net: only those suites;
// SLUICE_TEST_LONG=1: also what is too long for each change.
import { rmSync } from "node:fs";
import { relative } from "node:path";
import { runGuest } from "./lib/guest-run.ts";
import { BUILD, buildImage } from "./lib/image.ts";
import { SUITES as KERNELS, type KernelName } from "./lib/kernels.ts";
import { summary } from "./lib/summary.ts";
import type { Verdict } from "./lib/verdict.ts";
import { SUITES } from "./suites.ts";

/** Guests that run at a time. */
const AT_ONCE = 2;
const LIMIT_SEC = { change: 900, long: 5400 } as const;

const say = (text: string): void => {
	process.stdout.write(`${text}\n`);
};

/** The names of a list in the environment, all of `known` without it. */
function chosen<T extends string>(variable: string, known: readonly T[], usual = known): T[] {
	const names = (process.env[variable] ?? "").split(/[ ,]+/).filter((name) => name !== "");
	const unknown = names.filter((name) => !known.some((one) => one === name));
	if (unknown.length > 0) {
		say(`test-vm: ${variable}: unknown ${unknown.join(", ")}; known: ${known.join(", ")}`);
		process.exit(2);
	}
	return names.length === 0 ? [...usual] : known.filter((one) => names.includes(one));
}

const kernels = chosen("KERNELS", Object.keys(KERNELS) as KernelName[]);
const suites = chosen(
	"SUITES",
	SUITES.map(({ name }) => name),
	SUITES.filter(({ onDemand }) => !onDemand).map(({ name }) => name),
);
const long = process.env.SLUICE_TEST_LONG === "1";
const run = {
	suites,
	tests: process.env.TESTS,
	long,
	limitSec: LIMIT_SEC[long ? "long" : "change"],
};

const started = performance.now();
const image = buildImage(long);
const waiting = [...kernels];
const verdicts: Verdict[] = [];

async function work(): Promise<void> {
	for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
		const begun = performance.now();
		const verdict = await runGuest(name, image, run);
		verdicts.push(verdict);
		const { release, problems } = verdict;
		const seconds = ((performance.now() - begun) / 1000).toFixed(0);
		say(`Linux ${release}: ${problems.length === 0 ? "ok" : "FAILED"} in ${seconds} s`);
		for (const problem of problems) say(`  ${problem.replaceAll("\n", "\n  ")}`);
	}
}

try {
	await Promise.all(Array.from({ length: AT_ONCE }, work));
} finally {
	rmSync(image);
}
verdicts.sort((one, other) => kernels.indexOf(one.kernel) - kernels.indexOf(other.kernel));
say(`\n${summary(verdicts, suites)}\n`);
const failed = verdicts.filter(({ problems }) => problems.length > 0).map(({ kernel }) => kernel);
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const logs = `${relative(process.cwd(), BUILD)}/KERNEL.log`;
say(
	failed.length === 0
		? `test-vm: ok: ${verdicts.length} kernels in ${seconds} s`
		: `test-vm: FAILED on ${failed.join(", ")} in ${seconds} s; all that the guests said: ${logs}`,
);
process.exit(failed.length === 0 ? 0 : 1);
