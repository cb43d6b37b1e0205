import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { patience } from "../time-scale.ts";

/** A running program: its output by lines, and its end. */
export class RunningProcess {
	readonly argv: readonly string[];
	/** Everything written to standard error so far. */
	stderr = "";
	readonly #child: ChildProcessWithoutNullStreams;
	readonly #lines: string[] = [];
	#partial = "";
	#wake: (() => void)[] = [];
	#ended: { code: number | null; signal: NodeJS.Signals | null } | undefined;

	constructor(argv: readonly string[], env?: Readonly<Record<string, string>>) {
		const [file = "", ...args] = argv;
		this.argv = argv;
		this.#child = spawn(file, args, { env: { ...process.env, ...env } });
		this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#onOutput(text));
		this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
			this.stderr += text;
			this.#notify();
		});
		this.#child.stdin.on("error", () => undefined);
		this.#child.on("close", (code, signal) => {
			this.#ended = { code, signal };
			this.#notify();
		});
	}

	get pid(): number {
		return this.#child.pid ?? 0;
	}

	get ended(): boolean {
		return this.#ended !== undefined;
	}

	write(line: string): void {
		this.#child.stdin.write(`${line}\n`);
	}

	closeInput(): void {
		this.#child.stdin.end();
	}

	/** The next line of standard output. */
	async line(deadlineMs = 15_000): Promise<string> {
		await this.#wait("a line of output", () => this.#lines.length > 0, deadlineMs);
		const line = this.#lines.shift();
		if (line === undefined) throw this.#failure("ended without a line of output");
		return line;
	}

	/** Waits until standard error contains `text`. */
	async said(text: string, deadlineMs = 15_000): Promise<void> {
		await this.#wait(`"${text}"`, () => this.stderr.includes(text), deadlineMs);
		if (!this.stderr.includes(text)) throw this.#failure(`ended without saying "${text}"`);
	}

	/** Waits for the end; returns the exit code, or -1 after a signal. */
	async exit(deadlineMs = 15_000): Promise<number> {
		await this.#wait("its end", () => this.ended, deadlineMs);
		return this.#ended?.code ?? -1;
	}

	signal(signal: NodeJS.Signals): void {
		this.#child.kill(signal);
	}

	async stop(signal: NodeJS.Signals = "SIGTERM", deadlineMs = 15_000): Promise<number> {
		if (!this.ended) this.signal(signal);
		return await this.exit(deadlineMs);
	}

	/** For clean-up: ends it at once, without waiting. */
	kill(): void {
		if (!this.ended) this.#child.kill("SIGKILL");
	}

	#onOutput(text: string): void {
		const lines = (this.#partial + text).split("\n");
		this.#partial = lines.pop() ?? "";
		this.#lines.push(...lines);
		this.#notify();
	}

	#notify(): void {
		const waiting = this.#wake;
		this.#wake = [];
		for (const wake of waiting) wake();
	}

	async #wait(what: string, done: () => boolean, deadlineMs: number): Promise<void> {
		let late = false;
		const timer = setTimeout(() => {
			late = true;
			this.#notify();
		}, patience(deadlineMs));
		while (!done() && !this.ended && !late) {
			await new Promise<void>((resolve) => this.#wake.push(resolve));
		}
		clearTimeout(timer);
		if (late && !done() && !this.ended) {
			throw this.#failure(`no ${what} within ${deadlineMs} ms`);
		}
	}

	#failure(what: string): Error {
		return new Error(`${this.argv.join(" ")}: ${what}\n${this.stderr.slice(-4000)}`);
	}
}
