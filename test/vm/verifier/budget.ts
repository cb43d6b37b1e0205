/** The committed table of what each program may cost the verifier, and how new figures compare. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figures, Measured } from "./measure.ts";

export const BUDGET = fileURLToPath(new URL("budget.json", import.meta.url));

/** Of one kernel: figures by configuration and program. */
export interface KernelBudget {
	/** The release that was measured. */
	readonly release: string;
	readonly programs: Readonly<Record<string, Readonly<Record<string, Figures>>>>;
}

/** By release line. */
export type Budget = Readonly<Record<string, KernelBudget>>;

/** What is compared; the rest is shown. */
const JUDGED = ["instructions", "states", "peakStates", "translated", "machineCode"] as const;

/** A tenth more or less is a change. */
const TOLERANCE = 0.1;

/** Changes of less than this are none, in a program that is small enough. */
const ROUNDING = 16;

export function readBudget(): Budget {
	return JSON.parse(readFileSync(BUDGET, "utf8"));
}

/** What differs from the budget by more than a tenth. */
export interface Comparison {
	/** Growth, and programs without a budget: fails until the table is rewritten. */
	readonly above: readonly string[];
	/** Worth rewriting the table for. */
	readonly below: readonly string[];
}

export function compare(budget: KernelBudget, measured: readonly Measured[]): Comparison {
	const above: string[] = [];
	const below: string[] = [];
	for (const { configuration, program, figures } of measured) {
		const wanted = budget.programs[configuration]?.[program];
		if (wanted === undefined) {
			above.push(`${program}, ${configuration}: no budget`);
			continue;
		}
		for (const field of JUDGED) {
			const [was, is] = [wanted[field], figures[field]];
			const text = `${program}, ${configuration}: ${field} ${was} -> ${is}`;
			if (Math.abs(is - was) <= Math.max(ROUNDING, was * TOLERANCE)) continue;
			(is > was ? above : below).push(text);
		}
	}
	return { above: [...above, ...goneFrom(budget, measured)], below };
}

/** Programs of the table that are not there any more. */
function goneFrom(budget: KernelBudget, measured: readonly Measured[]): string[] {
	const known = new Set(measured.map((each) => `${each.program}, ${each.configuration}`));
	return Object.entries(budget.programs).flatMap(([configuration, programs]) =>
		Object.keys(programs)
			.map((program) => `${program}, ${configuration}`)
			.filter((name) => !known.has(name))
			.map((name) => `${name}: in the table only`),
	);
}

/** The newest kernel in the table. */
export function newest(budget: Budget): string | undefined {
	return Object.keys(budget).sort(byRelease).at(-1);
}

/** Orders release lines: "5.10" before "6.1". */
export function byRelease(one: string, other: string): number {
	const [a = 0, b = 0] = one.split(".").map(Number);
	const [c = 0, d = 0] = other.split(".").map(Number);
	return a - c || b - d;
}

/** The table's part for one kernel. */
export function budgetOf(measured: readonly Measured[]): KernelBudget {
	const programs: Record<string, Record<string, Figures>> = {};
	for (const { configuration, program, figures } of measured) {
		const row = programs[configuration] ?? {};
		row[program] = figures;
		programs[configuration] = row;
	}
	return { release: measured[0]?.release ?? "", programs };
}
