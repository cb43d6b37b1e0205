import type { Measured, Outcome } from "../lib/figure.ts";
import type { Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
import { measureChange } from "./change.ts";
import { countedBase } from "./counted-guest.ts";
import { type Counted, measureAll } from "./measure-all.ts";
import { OPERATION_NAMES, OPERATIONS, type Operation } from "./operations.ts";
import { baseCount, type Count } from "./table.ts";
import { VARIANTS, variant } from "./variants.ts";

/** Paths that `make bench-quick` counts, at QUICK_SERVICES. */
const QUICK = ["direct", "socket", "peer", "stack"];
const QUICK_SERVICES = 10;

/** More rules take a guest many minutes to load: `SIZES=10000 make bench-instructions`. */
const MOST_RULES = 1000;
const MOST_SERVICES = 10_000;

/** Guest instructions per operation, relative to direct, of Sluice's paths and of kube-proxy's modes. */
export const instructionsSection: Section = {
	title: "instructions",
	ids: ["D13", "D14"],
	async run(progress, { sizes, full }) {
		progress("packing a guest");
		const base = countedBase();
		if (!full) {
			const job = { base, sizes: [QUICK_SERVICES], variants: QUICK.map(variant), progress };
			return outcomes(await measureAll(job), base.kernel.release);
		}
		const all: Outcome[] = [];
		for (const services of sizes.filter((size) => size <= MOST_SERVICES)) {
			const variants = VARIANTS.filter(({ rules }) => !rules || services <= MOST_RULES);
			const job = { base, sizes: [services], variants, progress };
			all.push(...outcomes(await measureAll(job), base.kernel.release));
		}
		progress("one service change");
		return [...all, await measureChange()];
	},
};

function outcomes({ counts, failures }: Counted, kernel: string): Outcome[] {
	const missing = failures.map(({ variant, services, reason }) => {
		return { id: "D13", variant: variant.name, services, reason };
	});
	const measured = counts.flatMap((count) => {
		const direct = baseCount(counts, count);
		if (direct === undefined || direct === count) return [];
		return OPERATIONS.map((operation) => figure(count, direct, operation, kernel));
	});
	return [...measured, ...missing];
}

function figure(of: Count, direct: Count, operation: Operation, kernel: string): Measured {
	const own = spread(of.batches[operation]);
	const base = spread(direct.batches[operation]).median;
	const isConnection = operation === "crr";
	return {
		id: isConnection ? "D13" : "D14",
		variant: isConnection ? of.variant.name : `${of.variant.name}, ${OPERATION_NAMES[operation]}`,
		value: own.median / base,
		min: own.min / base,
		max: own.max / base,
		rounds: of.batches[operation].length,
		peer: direct.variant.name,
		services: of.services,
		kernel,
		note: `${own.median.toFixed(0)} instructions, ${direct.variant.name} ${base.toFixed(0)}`,
	};
}
