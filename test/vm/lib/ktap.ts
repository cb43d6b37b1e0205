/**
 * What a guest says on its serial line: KTAP version 1 (Documentation/dev-tools/ktap.rst). One result
 * line for each test file, below it one for each test; a failed test's details are diagnostic lines
 * before its result line.
 */

/** How one test ended. */
export interface TestResult {
	/** Names of its suites and its own, joined by " > ". */
	readonly name: string;
	readonly ok: boolean;
	/** Why it was skipped; "": without a reason. */
	readonly skip?: string;
	/** Lines that explain a failure. */
	readonly details: readonly string[];
}

/** How one test file ended. */
export interface FileResult {
	readonly suite: string;
	readonly file: string;
	readonly tests: readonly TestResult[];
	/** How many tests the guest says it ran; undefined: the guest did not get to the file's end. */
	readonly ran: number | undefined;
	/** 0 when the guest did not get to the end. */
	readonly seconds: number;
}

/** Everything that a guest said. */
export interface Report {
	/** How many files the guest meant to run; undefined: it said nothing. */
	readonly planned: number | undefined;
	readonly files: readonly FileResult[];
}

const INDENT = "  ";

/** The first lines. */
export function ktapHead(files: number): string[] {
	return ["KTAP version 1", `1..${files}`];
}

/** The lines before a file's tests; they have no plan, since nobody knows yet how many there will be. */
export function ktapFileHead(suite: string, file: string): string[] {
	return [`${INDENT}KTAP version 1`, `${INDENT}# Subtest: ${suite}: ${file}`];
}

/** The lines of one test. */
export function ktapTest(number: number, { name, ok, skip, details }: TestResult): string[] {
	const skipped = skip === undefined ? "" : ` # SKIP ${oneLine(skip)}`;
	return [
		...details.map((line) => `${INDENT}# ${line}`),
		`${INDENT}${ok ? "ok" : "not ok"} ${number} ${escaped(name)}${skipped}`,
	];
}

/** A file's result line. */
export function ktapFile(number: number, result: FileResult): string {
	const ok = result.tests.every((test) => test.ok);
	const count = `${result.ran} tests in ${result.seconds.toFixed(1)} s`;
	return `${ok ? "ok" : "not ok"} ${number} ${result.suite}: ${result.file} # ${count}`;
}

/** Reads what a guest said; everything that is not KTAP is left out. */
export function parseKtap(output: string): Report {
	const reader = new Reader();
	for (const line of output.split("\n")) reader.read(line.replace(/\r$/, ""));
	return reader.end();
}

class Reader {
	#planned: number | undefined;
	readonly #files: FileResult[] = [];
	#open: { suite: string; file: string; tests: TestResult[] } | undefined;
	#details: string[] = [];

	read(line: string): void {
		const plan = /^1\.\.(\d+)$/.exec(line);
		if (plan) this.#planned = Number(plan[1]);
		const end = /^(?:not )?ok \d+ \S+: .+ # (\d+) tests in ([\d.]+) s$/.exec(line);
		if (end) this.#close(Number(end[1]), Number(end[2]));
		if (line.startsWith(INDENT)) this.#readInner(line.slice(INDENT.length));
	}

	end(): Report {
		this.#close(undefined, 0);
		return { planned: this.#planned, files: this.#files };
	}

	#readInner(line: string): void {
		const head = /^# Subtest: (\S+): (.+)$/.exec(line);
		const test = /^(not )?ok \d+ (.+)$/.exec(line);
		if (head) {
			this.#close(undefined, 0);
			this.#open = { suite: head[1] ?? "", file: head[2] ?? "", tests: [] };
		} else if (test) {
			const ok = test[1] === undefined;
			this.#open?.tests.push({ ...nameAndSkip(test[2] ?? ""), ok, details: this.#details });
			this.#details = [];
		} else if (line.startsWith("# ")) {
			this.#details.push(line.slice(2));
		}
	}

	#close(ran: number | undefined, seconds: number): void {
		if (this.#open) this.#files.push({ ...this.#open, ran, seconds });
		this.#open = undefined;
		this.#details = [];
	}
}

function nameAndSkip(text: string): { name: string; skip?: string } {
	const [, name = "", skip] = /^(.*?)(?: # SKIP ?(.*))?$/.exec(text) ?? [];
	const plain = name.replaceAll("\\#", "#");
	return skip === undefined ? { name: plain } : { name: plain, skip };
}

/** A "#" begins a directive. */
function escaped(name: string): string {
	return oneLine(name).replaceAll("#", "\\#");
}

function oneLine(text: string): string {
	return text.replace(/\s+/g, " ").trim();
}
