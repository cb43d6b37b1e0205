/**
 * Counts instructions per operation: `node bench/instructions/run.ts [VARIANT...]`; SIZES=10,1000 are
 * the numbers of Services. Every variant has a guest of its own; without names, all are counted. Fails
 * when a path of Sluice's costs more than counts.json says; with UPDATE=1 writes counts.json.
 */
import { command } from "../../test/lib/net/command.ts";
import { countedBase } from "./counted-guest.ts";
import { readCounts, tableOf, updateCounts } from "./counts-file.ts";
import { type Comparison, compare } from "./gate.ts";
import { measureAll } from "./measure-all.ts";
import { formatCounts } from "./table.ts";
import { VARIANTS, variant } from "./variants.ts";

const say = (text: string): void => {
	process.stdout.write(text);
};

function describe({ services, variant, operation, growth, by }: Comparison): string {
	const percent = (growth * 100).toFixed(2);
	const what = by === "ratio" ? "its ratio to direct has grown" : "has grown";
	return `${variant}, ${services} services, ${operation}: ${what} by ${percent} %\n`;
}

const sizes = (process.env.SIZES || "10,1000").split(",").map(Number);
const names = process.argv.slice(2);
const variants = names.length > 0 ? names.map(variant) : VARIANTS;
const base = countedBase();
const progress = (step: string): void => say(`${step}\n`);
const { counts, failures } = await measureAll({ base, sizes, variants, progress });
say(`\n${formatCounts(counts)}\n`);

const table = tableOf(counts);
const qemu = /version (\S+)/.exec(command(["qemu-system-x86_64", "--version"]))?.[1] ?? "";
if (process.env.UPDATE === "1") {
	updateCounts(base.kernel.release, qemu, table);
} else {
	const known = readCounts();
	const own = VARIANTS.filter((one) => one.own);
	const comparisons = compare(known.counts, table, own);
	if (comparisons.some(({ by }) => by === "ratio")) {
		say(
			`The setting has changed: direct counts differ from those of Linux ${known.kernel}, QEMU ` +
				`${known.qemu} (now ${base.kernel.release}, ${qemu}). Ratios to direct are compared instead.\n`,
		);
	}
	const grown = comparisons.filter(({ ok }) => !ok);
	for (const one of grown) say(describe(one));
	say(`bench-instructions: ${grown.length} of ${comparisons.length} counts have grown\n`);
	if (grown.length > 0) process.exitCode = 1;
}
if (failures.length > 0) process.exitCode = 1;
