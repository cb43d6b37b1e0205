/** The process: arguments in, a command run, an exit code out. */

import { CommanderError } from "commander";
import { processIo } from "./cli/io.ts";
import { buildProgram } from "./cli/program.ts";
import { UsageError } from "./config.ts";
import { reasonOf } from "./errors.ts";

/** 0: done; 1: it failed; 2: the command line was wrong. */
async function main(): Promise<number> {
	try {
		await buildProgram(processIo).parseAsync(process.argv);
		return 0;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
		const message = reasonOf(error);
		processIo.err(`sluice: ${message}\n`);
		return error instanceof UsageError ? 2 : 1;
	}
}

process.exitCode = await main();
