// Runs inside a guest: `run.ts SUITE...` runs the suites' test files and says in KTAP how each test ended.
// TESTS: only the files that this regular expression matches, or else the tests whose names it matches.
import { globSync } from "node:fs";
import { run } from "node:test";
import { inspect } from "node:util";
import {
	type FileResult,
	ktapFile,
	ktapFileHead,
	ktapHead,
	ktapTest,
	type TestResult,
} from "../lib/ktap.ts";
import { SUITES, type Suite } from "../suites.ts";

/** Test files together with what of them is run. */
interface Job {
	readonly suite: Suite;
	readonly file: string;
	/** A test runs when its full name matches one of them; none: all. */
	readonly names: readonly RegExp[];
}

/** What tests say beside their results, for the log: figures. */
const TOLD = /^(measured|verifier):/;

const long = process.env.SLUICE_TEST_LONG === "1";
const wanted = process.env.TESTS ? new RegExp(process.env.TESTS) : undefined;

const say = (lines: readonly string[]): void => {
	process.stdout.write(`${lines.join("\n")}\n`);
};

function jobsOf(suite: Suite): Job[] {
	const files = globSync([...suite.files]).sort();
	if (wanted) return files.map((file) => ({ suite, file, names: [wanted] }));
	if (suite.rows === undefined || long) return files.map((file) => ({ suite, file, names: [] }));
	return files.flatMap((file) => {
		const rows = suite.rows?.filter((row) => row.file === file) ?? [];
		if (rows.length === 0) return [];
		const whole = rows.some((row) => row.only === undefined);
		return [{ suite, file, names: whole ? [] : rows.flatMap((row) => row.only ?? []) }];
	});
}

/** How a test file's process ended, which node:test says of files that end by themselves. */
interface Ended {
	readonly exitCode?: number | null;
	readonly signal?: string | null;
}

/** Details of a failure; a file that ended by itself is explained by how, and what it wrote to standard error. */
function explain(error: Error & Ended, stderr: string): string[] {
	const { cause, exitCode, signal } = error;
	const ended = `exit code ${exitCode}, signal ${signal}`;
	const text =
		typeof cause === "string" ? `${cause} (${ended})\n${stderr}` : inspect(cause ?? error);
	return text.trimEnd().split("\n");
}

async function runFile({ suite, file, names }: Job): Promise<FileResult> {
	const tests: TestResult[] = [];
	const report = (result: TestResult): void => {
		tests.push(result);
		say(ktapTest(tests.length, result));
	};
	const started = performance.now();
	const events = run({
		files: [file],
		concurrency: 1,
		timeout: suite.limitSec * 1000,
		...(names.length > 0 ? { testNamePatterns: [...names] } : {}),
	});
	let stderr = "";
	let above: string[] = [];
	const nameOf = (nesting: number, name: string): string =>
		[...above.slice(0, nesting), name].join(" > ");
	events.on("test:stderr", ({ message }) => {
		stderr = (stderr + message).slice(-4000);
	});
	events.on("test:start", ({ nesting, name }) => {
		above = [...above.slice(0, nesting), name];
	});
	events.on("test:pass", ({ nesting, name, skip, details }) => {
		if (details.type === "suite" && skip === undefined) return;
		// A file none of whose tests was chosen.
		if (name === file) return;
		const reason = skip === undefined ? {} : { skip: typeof skip === "string" ? skip : "" };
		report({ name: nameOf(nesting, name), ok: true, details: [], ...reason });
	});
	events.on("test:fail", ({ nesting, name, details }) => {
		if (/subtests? failed/.test(details.error.message)) return;
		const explained = explain(details.error, stderr);
		report({ name: nameOf(nesting, name), ok: false, details: explained });
	});
	events.on("test:diagnostic", ({ message }) => {
		if (TOLD.test(message)) say([`# ${message}`]);
	});
	events.resume();
	await new Promise<void>((resolve) => events.once("end", () => resolve()));
	for (const name of unmet(names, tests)) report({ name: file, ok: false, details: [name] });
	const seconds = (performance.now() - started) / 1000;
	return { suite: suite.name, file, tests, ran: tests.length, seconds };
}

/** Whole files where TESTS matches their names; only where it matches none, tests of all files. */
function choose(all: readonly Job[]): Job[] {
	const named = all.filter(({ file }) => wanted?.test(file));
	return named.length > 0 ? named.map((job) => ({ ...job, names: [] })) : [...all];
}

/** What was chosen in vain; TESTS is looked for in all files, so that most have nothing of it. */
function unmet(names: readonly RegExp[], tests: readonly TestResult[]): string[] {
	if (names.length === 0) return tests.length === 0 ? ["the file has no tests"] : [];
	if (wanted) return [];
	// node:test matches against names that are joined by spaces.
	const found = tests.map(({ name }) => name.replaceAll(" > ", " "));
	return names
		.filter((pattern) => !found.some((name) => pattern.test(name)))
		.map((pattern) => `the file has no test like ${pattern}`);
}

const chosen = SUITES.filter(({ name }) => process.argv.slice(2).includes(name));
const jobs = choose(chosen.flatMap(jobsOf));
say(ktapHead(jobs.length));
let failed = false;
for (const [index, job] of jobs.entries()) {
	Object.assign(process.env, job.suite.env);
	say(ktapFileHead(job.suite.name, job.file));
	const result = await runFile(job);
	say([ktapFile(index + 1, result)]);
	failed ||= result.tests.some((test) => !test.ok);
	for (const name of Object.keys(job.suite.env ?? {})) delete process.env[name];
}
process.exit(failed ? 1 : 0);
