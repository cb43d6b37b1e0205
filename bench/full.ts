/**
 * `make bench`: every section at every size, with the real kube-proxy beside it. One table and the
 * misses; the lines of each section in build/bench/<section>.jsonl, which `make bench-report` reads.
 * Exit code 1 when a figure could not be measured; a target that is missed is no failure.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { agentSection } from "./agent/section.ts";
import { growthSection } from "./growth/section.ts";
import { instructionsSection } from "./instructions/section.ts";
import { notYetSection } from "./lib/not-yet.ts";
import { machine } from "./lib/origin.ts";
import { OUTPUT, runBenchmarks } from "./lib/runner.ts";
import { FULL, planFor, type Section } from "./lib/section.ts";
import { packetSection } from "./packet/section.ts";
import { peersSection } from "./peers/section.ts";
import { apiSection } from "./programming/api-section.ts";
import { programmingSection } from "./programming/section.ts";

const SECTIONS: readonly Section[] = [
	peersSection,
	packetSection,
	growthSection,
	programmingSection,
	apiSection,
	agentSection,
	instructionsSection,
	notYetSection,
];

const { values } = parseArgs({
	options: { only: { type: "string" }, sizes: { type: "string" } },
});
const only = values.only?.split(",") ?? [];
mkdirSync(OUTPUT, { recursive: true });
if (only.length === 0) removeOldLines();
writeFileSync(join(OUTPUT, "machine.json"), `${JSON.stringify(machine(), undefined, 2)}\n`);
const measured = await runBenchmarks({
	name: "bench",
	sections: SECTIONS,
	plan: values.sizes === undefined ? FULL : planFor(values.sizes.split(",").map(Number)),
	only,
	file: ({ title }) => `${title.replaceAll(" ", "-")}.jsonl`,
});
process.exitCode = measured ? 0 : 1;

/** A run of everything leaves nothing of those before it. */
function removeOldLines(): void {
	for (const file of readdirSync(OUTPUT)) {
		if (file.endsWith(".jsonl") && file !== "quick.jsonl") rmSync(join(OUTPUT, file));
	}
}
