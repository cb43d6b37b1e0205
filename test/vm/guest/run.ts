// Runs inside a guest: `run.ts SUITE...` runs the suites' test files and says in KTAP how each test ended.
// TESTS: only the files that this regular expression matches, or else the tests whose names it matches.
import { globSync } from "node:fs";
import { run } from "node:test";
import { inspect } from "node:util";
import { ktapFile, ktapFileHead, ktapHead, ktapTest, type TestResult } from "../lib/ktap.ts";
import { SUITES, type Suite } from "../suites.ts";

/** Test files that one process runs, with what of them is run. */
interface Job {
	readonly suite: Suite;
	readonly files: readonly string[];
	/** A test runs when its full name matches one of them; none: all. */
	readonly names: readonly RegExp[];
}

/** What tests say beside their results, for the log: figures. */
const TOLD = /^(measured|verifier):/;

/** Runs the files of a job that belong together. */
const TOGETHER = "test/vm/guest/together.ts";

const chosen = SUITES.filter(({ name }) => process.argv.slice(2).includes(name));
const long = process.env.SLUICE_TEST_LONG === "1";
const wanted = process.env.TESTS ? new RegExp(process.env.TESTS) : undefined;
/** Whether TESTS is about names of files. */
const byName = chosen.some(({ files }) => globSync([...files]).some((file) => wanted?.test(file)));

const say = (lines: readonly string[]): void => {
	process.stdout.write(`${lines.join("\n")}\n`);
};

function jobsOf(suite: Suite): Job[] {
	const files = globSync([...suite.files]).sort();
	// Whole files where TESTS matches their names; only where it matches none, tests of all files.
	const chosen = byName ? files.filter((file) => wanted?.test(file)) : files;
	const names = wanted && !byName ? [wanted] : [];
	if (suite.together) return chosen.length > 0 ? [{ suite, files: chosen, names }] : [];
	if (suite.rows === undefined || long || wanted) {
		return chosen.map((file) => ({ suite, files: [file], names }));
	}
	return files.flatMap((file) => {
		const rows = suite.rows?.filter((row) => row.file === file) ?? [];
		if (rows.length === 0) return [];
		const whole = rows.some((row) => row.only === undefined);
		return [{ suite, files: [file], names: whole ? [] : rows.flatMap((row) => row.only ?? []) }];
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

/** How many files have been told of to their end. */
let filesTold = 0;
let failed = false;

/** Says what comes of the tests of a job, file by file. */
class Telling {
	readonly #job: Job;
	#file: string | undefined;
	#tests: TestResult[] = [];
	#since = 0;

	constructor(job: Job) {
		this.#job = job;
	}

	begin(file: string): void {
		this.#file = file;
		this.#tests = [];
		this.#since = performance.now();
		say(ktapFileHead(this.#job.suite.name, file));
	}

	/** A result outside of all files is that of the process. */
	test(result: TestResult): void {
		if (this.#file === undefined) this.begin(TOGETHER);
		this.#tests.push(result);
		say(ktapTest(this.#tests.length, result));
	}

	end(): void {
		if (this.#file === undefined) return;
		const file = this.#file;
		for (const problem of unmet(this.#job.names, this.#tests)) {
			this.test({ name: file, ok: false, details: [problem] });
		}
		const seconds = (performance.now() - this.#since) / 1000;
		const tests = this.#tests;
		filesTold++;
		const { name: suite } = this.#job.suite;
		say([ktapFile(filesTold, { suite, file, tests, ran: tests.length, seconds })]);
		failed ||= tests.some(({ ok }) => !ok);
		this.#file = undefined;
	}
}

/** node:test says true of a skip without a reason. */
function skipOf(skip: string | boolean | undefined): Pick<TestResult, "skip"> {
	if (skip === undefined) return {};
	return { skip: typeof skip === "string" ? skip : "" };
}

async function runJob(job: Job): Promise<void> {
	const { suite, files, names } = job;
	const telling = new Telling(job);
	const together = suite.together ?? false;
	const [first = ""] = files;
	if (!together) telling.begin(first);
	const events = run({
		files: together ? [TOGETHER] : [first],
		argv: together ? [...files] : [],
		concurrency: 1,
		timeout: suite.limitSec * 1000,
		...(names.length > 0 ? { testNamePatterns: [...names] } : {}),
	});
	let stderr = "";
	let above: string[] = [];
	const nameOf = (nesting: number, name: string): string =>
		[...above.slice(together ? 1 : 0, nesting), name].join(" > ");
	const isFile = (nesting: number, name: string): boolean =>
		together && nesting === 0 && files.includes(name);
	events.on("test:stderr", ({ message }) => {
		stderr = (stderr + message).slice(-4000);
	});
	events.on("test:start", ({ nesting, name }) => {
		if (isFile(nesting, name)) telling.begin(name);
		above = [...above.slice(0, nesting), name];
	});
	events.on("test:pass", ({ nesting, name, skip, details }) => {
		if (isFile(nesting, name)) telling.end();
		if (details.type === "suite" && skip === undefined) return;
		// A file none of whose tests was chosen.
		if (name === first || name === TOGETHER) return;
		telling.test({ name: nameOf(nesting, name), ok: true, details: [], ...skipOf(skip) });
	});
	events.on("test:fail", ({ nesting, name, details }) => {
		if (!/subtests? failed/.test(details.error.message)) {
			const explained = explain(details.error, stderr);
			telling.test({ name: nameOf(nesting, name), ok: false, details: explained });
		}
		if (isFile(nesting, name)) telling.end();
	});
	events.on("test:diagnostic", ({ message }) => {
		if (TOLD.test(message)) say([`# ${message}`]);
	});
	events.resume();
	await new Promise<void>((resolve) => events.once("end", () => resolve()));
	telling.end();
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

const jobs = chosen.flatMap(jobsOf);
say(ktapHead(jobs.flatMap(({ files }) => files).length));
for (const job of jobs) {
	Object.assign(process.env, job.suite.env);
	await runJob(job);
	for (const name of Object.keys(job.suite.env ?? {})) delete process.env[name];
}
process.exit(failed ? 1 : 0);
