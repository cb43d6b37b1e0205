import { spawnSync } from "node:child_process";
import { patience } from "../time-scale.ts";

/** Runs a short command to its end; returns its standard output, throws with its standard error. */
export function command(argv: readonly string[], input?: string): string {
	const [file = "", ...args] = argv;
	const result = spawnSync(file, args, {
		encoding: "utf8",
		maxBuffer: 64 << 20,
		...(input === undefined ? {} : { input }),
	});
	if (result.error) throw result.error;
	if (result.status !== 0) {
		const what = argv.join(" ") + (input === undefined ? "" : `\n${input}`);
		throw new Error(`${what}: exit ${result.status ?? result.signal}: ${result.stderr.trim()}`);
	}
	return result.stdout;
}

/** Reads until `check` returns something other than undefined; fails after `deadlineMs`. */
export async function until<T>(
	what: string,
	check: () => T | undefined | Promise<T | undefined>,
	deadlineMs = 10_000,
): Promise<T> {
	const deadline = Date.now() + patience(deadlineMs);
	for (;;) {
		const value = await check();
		if (value !== undefined) return value;
		if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
