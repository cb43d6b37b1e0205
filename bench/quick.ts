/**
 * `make bench-quick`: every section in turn, one table, one JSON line per figure. Exit code 1 when a
 * figure could not be measured; a target that is missed is shown, and no failure.
 */
import { agentSection } from "./agent/section.ts";
import { connectionSection } from "./connections/section.ts";
import { instructionsSection } from "./instructions/section.ts";
import { runBenchmarks } from "./lib/runner.ts";
import { QUICK } from "./lib/section.ts";
import { packetSection } from "./packet/section.ts";
import { programmingSection } from "./programming/section.ts";

const measured = await runBenchmarks({
	name: "bench-quick",
	sections: [
		connectionSection,
		packetSection,
		programmingSection,
		agentSection,
		instructionsSection,
	],
	plan: QUICK,
	only: process.argv.slice(2),
	file: () => "quick.jsonl",
});
process.exitCode = measured ? 0 : 1;
