/**
 * `make bench-quick`: every section in turn, one table, one JSON line per figure. Exit code 1 when a
 * figure could not be measured; a target that is missed is shown, and no failure.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";

import { agentSection } from "./agent/section.ts";
import { connectionSection } from "./connections/section.ts";
import { isMeasured, type Outcome } from "./lib/figure.ts";
import { formatReport, jsonLine } from "./lib/report.ts";
import { runSection, type Section } from "./lib/section.ts";
import { QUICK_TARGETS } from "./lib/targets.ts";
import { packetSection } from "./packet/section.ts";
import { programmingSection } from "./programming/section.ts";

const SECTIONS: readonly Section[] = [
	connectionSection,
	packetSection,
	programmingSection,
	agentSection,
];
const OUTPUT = fileURLToPath(new URL("../build/bench/", import.meta.url));

const say = (text: string): void => {
	process.stdout.write(text);
};

/** Sections named on the command line, by a figure's id or all. */
function chosen(ids: readonly string[]): readonly Section[] {
	if (ids.length === 0) return SECTIONS;
	return SECTIONS.filter((section) => section.ids.some((id) => ids.includes(id)));
}

const start = performance.now();
const elapsed = (): string => `${((performance.now() - start) / 1000).toFixed(0).padStart(3)} s`;
const outcomes: Outcome[] = [];
const sections = chosen(process.argv.slice(2));
for (const section of sections) {
	const progress = (step: string): void => say(`${elapsed()}  ${section.title}: ${step}\n`);
	outcomes.push(...(await runSection(section, progress)));
}

const wanted = new Set(sections.flatMap(({ ids }) => ids));
const targets = QUICK_TARGETS.filter(({ id }) => wanted.has(id));
say(`\n${formatReport(targets, outcomes)}`);
const lines = targets.flatMap((target) => {
	const outcome = outcomes.find(({ id }) => id === target.id);
	return outcome && isMeasured(outcome) ? [jsonLine(target, outcome, release())] : [];
});
mkdirSync(OUTPUT, { recursive: true });
writeFileSync(`${OUTPUT}quick.jsonl`, lines.map((line) => `${line}\n`).join(""));
say(`\nbench-quick: ${lines.length} of ${targets.length} figures in ${elapsed().trim()}\n`);
process.exitCode = lines.length === targets.length ? 0 : 1;
