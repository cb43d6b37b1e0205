import type { CountedBase } from "./counted-guest.ts";
import { measure } from "./measure.ts";
import type { Count } from "./table.ts";
import type { Variant } from "./variants.ts";

/** What is to be counted. */
export interface Job {
	readonly base: CountedBase;
	/** Numbers of Services. */
	readonly sizes: readonly number[];
	readonly variants: readonly Variant[];
	/** Says in a few words what has been done. */
	readonly progress: (step: string) => void;
}

/** A variant that could not be counted. */
export interface Failure {
	readonly variant: Variant;
	readonly services: number;
	readonly reason: string;
}

export interface Counted {
	readonly counts: readonly Count[];
	readonly failures: readonly Failure[];
}

/** One guest after the other: every variant at every size. What fails leaves the others alone. */
export async function measureAll({ base, sizes, variants, progress }: Job): Promise<Counted> {
	const counts: Count[] = [];
	const failures: Failure[] = [];
	for (const services of sizes) {
		for (const variant of variants) {
			const start = performance.now();
			const seconds = (): string => `${((performance.now() - start) / 1000).toFixed(0)} s`;
			try {
				counts.push({ variant, services, batches: await measure(base, variant, services) });
				progress(`${variant.name}, ${services} services: counted in ${seconds()}`);
			} catch (error) {
				const reason = error instanceof Error ? error.message : String(error);
				failures.push({ variant, services, reason });
				progress(`${variant.name}, ${services} services: failed after ${seconds()}: ${reason}`);
			}
		}
	}
	return { counts, failures };
}
