import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { spread } from "../lib/statistics.ts";
import type { CountTable, Medians } from "./gate.ts";
import { OPERATIONS } from "./operations.ts";
import type { Count } from "./table.ts";

const FILE = fileURLToPath(new URL("counts.json", import.meta.url));

/** The committed table, and what it was counted with. */
export interface CountsFile {
	/** Release of the guest's kernel. */
	readonly kernel: string;
	readonly qemu: string;
	readonly counts: CountTable;
}

/** Medians of what was counted, in the form of the table. */
export function tableOf(counts: readonly Count[]): CountTable {
	const table: Record<string, Record<string, Medians>> = {};
	for (const { services, variant, batches } of counts) {
		const medians = OPERATIONS.map((name) => [name, spread(batches[name]).median] as const);
		const row = table[services] ?? {};
		row[variant.name] = Object.fromEntries(medians) as unknown as Medians;
		table[services] = row;
	}
	return table;
}

export function readCounts(): CountsFile {
	return JSON.parse(readFileSync(FILE, "utf8")) as CountsFile;
}

/** Puts what was counted in place of what the table has for it, and leaves the rest. */
export function updateCounts(kernel: string, qemu: string, counts: CountTable): void {
	const merged: Record<string, Record<string, Medians>> = {};
	for (const from of [readCounts().counts, counts]) {
		for (const [services, row] of Object.entries(from)) {
			merged[services] = { ...merged[services], ...row };
		}
	}
	writeFileSync(FILE, `${JSON.stringify({ kernel, qemu, counts: merged }, undefined, 2)}\n`);
}
