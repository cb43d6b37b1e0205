import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { FigureLine } from "../lib/json-line.ts";
import type { Machine } from "../lib/origin.ts";

/** Of `make bench-quick`, whose figures are fewer and coarser. */
const QUICK = "quick.jsonl";

/** What a run of `make bench` has left. */
export interface Results {
	readonly lines: readonly FigureLine[];
	/** Empty when it is not known. */
	readonly machine: Machine;
	/** How many lines were left out since they were measured of other sources. */
	readonly stale: number;
}

/** Reads the results of a folder; `tree` names the sources that are there now. */
export function readResults(folder: string, tree: string): Results {
	const files = existsSync(folder) ? readdirSync(folder) : [];
	const all = files
		.filter((file) => file.endsWith(".jsonl") && file !== QUICK)
		.sort()
		.flatMap((file) => parseLines(readFileSync(join(folder, file), "utf8")));
	const lines = all.filter((line) => line.tree === tree);
	const machineFile = join(folder, "machine.json");
	const machine = existsSync(machineFile) ? readFileSync(machineFile, "utf8") : "{}";
	return { lines, machine: JSON.parse(machine) as Machine, stale: all.length - lines.length };
}

function parseLines(text: string): FigureLine[] {
	return text
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as FigureLine);
}
