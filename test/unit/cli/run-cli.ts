import { CommanderError } from "commander";
import { buildProgram } from "../../../src/cli/program.ts";

export interface CliRun {
	readonly out: string;
	readonly err: string;
	/** What the command threw. */
	readonly error: Error | undefined;
}

/** Runs the command line in this process, without ending it. */
export async function runCli(...argv: string[]): Promise<CliRun> {
	let out = "";
	let err = "";
	const program = buildProgram({
		out: (text) => {
			out += text;
		},
		err: (text) => {
			err += text;
		},
	});
	try {
		await program.parseAsync(argv, { from: "user" });
		return { out, err, error: undefined };
	} catch (error) {
		const isHelp = error instanceof CommanderError && error.exitCode === 0;
		return { out, err, error: isHelp ? undefined : (error as Error) };
	}
}
