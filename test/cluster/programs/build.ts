// Builds the real programs of the cluster tests into .cache/programs, those that are missing or out of date.
import { PROGRAM_NAMES, program } from "../lib/programs.ts";

for (const name of PROGRAM_NAMES) {
	program(name, (text) => process.stdout.write(`  PROGRAM  ${text}\n`));
}
