// The test runner: `run.ts all` or `run.ts PART...`. Every part that fails or cannot run is named in the one
// summary line at the end, and makes the exit code 1.
import { PARTS, type Part } from "./parts.ts";
import { type Result, runPart } from "./run-part.ts";

const verbose = process.env.V === "1";

const say = (text: string): void => {
	process.stdout.write(`${text}\n`);
};

/** The named parts in their order; what needs the build is preceded by it. */
function choose(names: readonly string[]): readonly Part[] {
	const all = names.length === 0 || names.includes("all");
	const unknown = names.filter((name) => name !== "all" && !PARTS.some((p) => p.name === name));
	if (unknown.length > 0) {
		process.stderr.write(
			`run.ts: unknown part ${unknown.join(", ")}; known: ${PARTS.map((p) => p.name).join(", ")}\n`,
		);
		process.exit(2);
	}
	const kernel = all || names.some((name) => name !== "unit" && name !== "check");
	return PARTS.filter((p) => all || names.includes(p.name) || (kernel && p.name === "build"));
}

function describe(result: Result): string {
	if (result.blocked !== undefined) return `could not run: ${result.blocked}`;
	const parts = [`${result.passed} passed`];
	if (result.failed > 0) parts.push(`${result.failed} FAILED`);
	if (result.skipped > 0) parts.push(`${result.skipped} skipped`);
	return `${parts.join(", ")} in ${result.seconds.toFixed(1)} s`;
}

function summary(results: readonly Result[]): string {
	const sum = (key: "passed" | "failed" | "skipped" | "seconds"): number =>
		results.reduce((total, result) => total + result[key], 0);
	const named = (title: string, which: readonly string[]): string =>
		which.length > 0 ? `; ${title}: ${which.join(", ")}` : "";
	const failed = results.filter((r) => r.failed > 0).map((r) => r.name);
	const blocked = results.flatMap((r) => (r.blocked ? [`${r.name} (${r.blocked})`] : []));
	const counts = `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`;
	const verdict = failed.length + blocked.length > 0 ? "FAILED: " : "ok: ";
	return `test: ${verdict}${counts} in ${sum("seconds").toFixed(0)} s${named("failed in", failed)}${named("could not run", blocked)}`;
}

const results: Result[] = [];
for (const part of choose(process.argv.slice(2))) {
	const result = await runPart(part, verbose);
	results.push(result);
	say(`${part.name}: ${describe(result)}`);
}
say(summary(results));
const clean = results.every((r) => r.failed === 0 && r.blocked === undefined);
process.exit(clean ? 0 : 1);
