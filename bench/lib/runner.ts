import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { isFailure, type Outcome, targetOf } from "./figure.ts";
import { type FigureLine, figureLine } from "./json-line.ts";
import { type Origin, origin } from "./origin.ts";
import { formatMisses, formatReport } from "./report.ts";
import { type Plan, runSection, type Section } from "./section.ts";
import { TARGETS } from "./targets.ts";

/** Where results go. */
export const OUTPUT = fileURLToPath(new URL("../../build/bench/", import.meta.url));

/** One run of benchmarks. */
export interface Run {
	/** Such as "bench-quick". */
	readonly name: string;
	readonly sections: readonly Section[];
	readonly plan: Plan;
	/** Ids of figures; only sections that measure one of them run. Empty: all do. */
	readonly only: readonly string[];
	/** File below OUTPUT that a section's figures go to; several sections may share one. */
	file(section: Section): string;
}

/** Sections that measure one of these figures; all when there are none. */
export function chosen(sections: readonly Section[], only: readonly string[]): readonly Section[] {
	if (only.length === 0) return sections;
	return sections.filter(({ ids }) => ids.some((id) => only.includes(id)));
}

/**
 * Runs every section in turn, with progress, one table and the misses on standard output. Each
 * section's lines are written when it ends, so that a run that is interrupted leaves what it has.
 * Returns whether every figure was measured; a target that is missed is shown, and no failure.
 */
export async function runBenchmarks(run: Run): Promise<boolean> {
	const start = performance.now();
	const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;
	const files = new Map<string, FigureLine[]>();
	const from = origin();
	let failures = 0;
	for (const section of chosen(run.sections, run.only)) {
		const progress = (step: string): void => {
			say(`${seconds().padStart(6)}  ${section.title}: ${step}\n`);
		};
		const outcomes = await runSection(section, progress, run.plan);
		failures += outcomes.filter(isFailure).length;
		const lines = [...(files.get(run.file(section)) ?? []), ...toLines(outcomes, from)];
		files.set(run.file(section), lines);
		write(run.file(section), lines);
		progress(`done, ${outcomes.length} figures`);
	}
	const lines = [...files.values()].flat();
	say(`\n${formatReport(lines)}\n${formatMisses(lines)}`);
	const missing = failures === 0 ? "" : `, ${failures} could not be measured`;
	say(`\n${run.name}: ${lines.length - failures} figures in ${seconds()}${missing}\n`);
	return failures === 0;
}

/** In the order of the targets, then of the numbers of Services. */
function toLines(outcomes: readonly Outcome[], from: Origin): FigureLine[] {
	const order = (id: string): number => TARGETS.findIndex((target) => target.id === id);
	return outcomes
		.map((outcome) => figureLine(targetFor(outcome), outcome, from))
		.toSorted((a, b) => order(a.id) - order(b.id) || (a.services ?? 0) - (b.services ?? 0));
}

function targetFor(outcome: Outcome) {
	const unknown = { id: outcome.id, what: "without a target", unit: "", bound: "at most" } as const;
	return targetOf(TARGETS, outcome) ?? unknown;
}

function write(file: string, lines: readonly FigureLine[]): void {
	const path = join(OUTPUT, file);
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function say(text: string): void {
	process.stdout.write(text);
}
