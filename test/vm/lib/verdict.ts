import { alarmsIn } from "./kernel-log.ts";
import type { KernelName } from "./kernels.ts";
import { type FileResult, parseKtap } from "./ktap.ts";
import type { Outcome } from "./machine.ts";
import { wrongSkips } from "./skips.ts";

/** How the suites went on one kernel. */
export interface Verdict {
	readonly kernel: KernelName;
	readonly release: string;
	readonly files: readonly FileResult[];
	/** Whatever makes the run fail, in words; nothing: it passed. */
	readonly problems: readonly string[];
}

/** Judges what a guest said. */
export function judge(kernel: KernelName, release: string, outcome: Outcome): Verdict {
	const { planned, files } = parseKtap(outcome.output);
	const tests = files.flatMap((file) => file.tests);
	const problems = [
		...missing(planned, files),
		...files.flatMap(problemsOf),
		...wrongSkips(release, tests),
		...alarmsIn(kernel, outcome.kernelLog).map((alarm) => `kernel log: ${alarm}`),
	];
	if (outcome.code !== 0 && tests.every(({ ok }) => ok)) {
		problems.push(
			outcome.code === undefined
				? "the guest ended without an exit code: it crashed, or took too long"
				: `the guest ended with exit code ${outcome.code}`,
		);
	}
	return { kernel, release, files, problems };
}

function missing(planned: number | undefined, files: readonly FileResult[]): string[] {
	if (planned === undefined) return ["the guest did not begin with the tests"];
	if (planned === 0) return ["no test was chosen"];
	if (files.length < planned) return [`${files.length} of ${planned} files were run`];
	return files.every(({ tests }) => tests.length === 0) ? ["no test was chosen"] : [];
}

/** What node:test says of tests whose suite could not be prepared; the suite says why. */
const CANCELLED = /^test did not finish before its parent and was cancelled$/;

function problemsOf({ file, tests, ran }: FileResult): string[] {
	const cancelled = tests.filter(({ ok, details }) => !ok && CANCELLED.test(details.join()));
	const failed = tests
		.filter((test) => !test.ok && !cancelled.includes(test))
		.map(({ name, details }) => [`${file}: FAILED: ${name}`, ...details].join("\n    "));
	if (cancelled.length > 0) failed.push(`${file}: FAILED: ${cancelled.length} that were cancelled`);
	if (ran === undefined) failed.push(`${file}: the guest died after ${tests.length} tests`);
	else if (ran !== tests.length) failed.push(`${file}: ${tests.length} of ${ran} results came`);
	return failed;
}
