import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { inspect } from "node:util";
import type { Part } from "./parts.ts";

/** How a part ended. `blocked`: why it could not run at all. */
export interface Result {
	readonly name: string;
	passed: number;
	failed: number;
	skipped: number;
	seconds: number;
	blocked?: string;
}

/** What a test measured and does not judge: shown in every run. */
const MEASURED = "measured:";

const say = (text: string): void => {
	process.stdout.write(`${text}\n`);
};

/** Runs one part and says on standard output what failed or was skipped. */
export async function runPart(part: Part, verbose: boolean): Promise<Result> {
	const result: Result = { name: part.name, passed: 0, failed: 0, skipped: 0, seconds: 0 };
	const started = performance.now();
	const blocked = part.needs.map((need) => need()).find((reason) => reason !== undefined);
	if (blocked !== undefined) result.blocked = blocked;
	else if (part.command) runCommand(part.command, result);
	else await runFiles(part, verbose, result);
	result.seconds = (performance.now() - started) / 1000;
	return result;
}

function runCommand(argv: readonly string[], result: Result): void {
	const [program = "", ...args] = argv;
	const { status } = spawnSync(program, args, { stdio: "inherit" });
	if (status === 0) result.passed = 1;
	else result.failed = 1;
}

async function runFiles(part: Part, verbose: boolean, result: Result): Promise<void> {
	const files = globSync([...(part.files ?? [])]).sort();
	if (files.length === 0) {
		result.blocked = "it has no tests";
		return;
	}
	Object.assign(process.env, part.env);
	const events = run({
		files,
		concurrency: part.atOnce === "cores" ? availableParallelism() : part.atOnce,
		timeout: part.limitSec * 1000,
	});
	events.on("test:pass", (data) => {
		if (data.skip === undefined) return;
		if (typeof data.skip === "string" && data.skip !== "") {
			say(`  skipped: ${data.name}: ${data.skip}`);
			return;
		}
		say(`  FAILED: ${data.name}: skipped without a reason`);
		result.failed++;
	});
	const errors = new Map<string, string>();
	events.on("test:stderr", ({ file, message }) => {
		const path = resolve(file);
		errors.set(path, (errors.get(path) ?? "") + message);
	});
	const above = new Map<string, string[]>();
	events.on("test:start", ({ file = "", nesting, name }) => {
		above.set(file, [...(above.get(file) ?? []).slice(0, nesting), name]);
	});
	events.on("test:fail", (data) => {
		const suites = (above.get(data.file ?? "") ?? []).slice(0, data.nesting);
		const name = [...suites, data.name].join(" > ");
		// Its hooks failed: the summary counts tests only.
		if (data.details.type === "suite" && !isBySubtests(data.details.error)) result.failed++;
		reportFailure({ ...data, name }, errors.get(resolve(data.file ?? "")));
	});
	events.on("test:diagnostic", ({ message }) => {
		if (message.startsWith(MEASURED)) say(`  ${message}`);
	});
	events.on("test:summary", (data) => {
		if (data.file !== undefined) {
			if (part.atOnce !== "cores") say(`  ${describeFile(data.file, data)}`);
			return;
		}
		result.passed += data.counts.passed;
		result.skipped += data.counts.skipped;
		result.failed += data.counts.tests - data.counts.passed - data.counts.skipped;
	});
	if (verbose) events.compose(spec()).pipe(process.stdout);
	else events.resume();
	await new Promise<void>((resolve) => events.once("end", () => resolve()));
	for (const name of Object.keys(part.env ?? {})) delete process.env[name];
}

function describeFile(
	file: string,
	{ counts, duration_ms: ms }: { counts: { passed: number; tests: number }; duration_ms: number },
): string {
	const name = relative(process.cwd(), file);
	return `${name}: ${counts.passed} of ${counts.tests} passed in ${(ms / 1000).toFixed(1)} s`;
}

interface Failure {
	readonly name: string;
	readonly file?: string | undefined;
	readonly line?: number | undefined;
	readonly details: { readonly error: Error };
}

function isBySubtests({ message }: Error): boolean {
	return /subtests? failed/.test(message);
}

/** A file that ended without saying which test failed is told by what it wrote to standard error. */
function reportFailure({ name, file, line, details }: Failure, stderr: string | undefined): void {
	const { cause } = details.error;
	if (isBySubtests(details.error)) return;
	const place = file ? ` (${relative(process.cwd(), file)}:${line ?? 1})` : "";
	say(`  FAILED: ${name}${place}`);
	const shown = typeof cause === "string" ? (stderr ?? cause) : inspect(cause ?? details.error);
	say(shown.trimEnd().replace(/^/gm, "    "));
}
