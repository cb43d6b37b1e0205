import type { FileResult } from "./ktap.ts";
import type { Verdict } from "./verdict.ts";

/** A table of kernels and suites: tests passed/failed/skipped, and seconds in the guest. */
export function summary(verdicts: readonly Verdict[], suites: readonly string[]): string {
	const head = ["kernel", "release", ...suites, "result"];
	const rows = verdicts.map(({ kernel, release, files, problems }) => [
		kernel,
		release,
		...suites.map((suite) => cell(files.filter((file) => file.suite === suite))),
		problems.length === 0 ? "ok" : "FAILED",
	]);
	const widths = head.map((_, at) =>
		Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)),
	);
	const line = (row: readonly string[]): string =>
		row
			.map((text, at) => text.padEnd(widths[at] ?? 0))
			.join("  ")
			.trimEnd();
	return [line(head), ...rows.map(line)].join("\n");
}

function cell(files: readonly FileResult[]): string {
	const tests = files.flatMap((file) => file.tests);
	if (tests.length === 0) return "-";
	const failed = tests.filter(({ ok }) => !ok).length;
	const skipped = tests.filter(({ skip }) => skip !== undefined).length;
	const seconds = files.reduce((sum, file) => sum + file.seconds, 0);
	return `${tests.length - failed - skipped}/${failed}/${skipped} ${seconds.toFixed(0)} s`;
}
