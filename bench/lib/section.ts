import type { Outcome } from "./figure.ts";

/** Figures that are measured together, in one setting. */
export interface Section {
	readonly title: string;
	/** Targets that it measures. */
	readonly ids: readonly string[];
	/** Returns one outcome per target, or several. What it throws counts as the reason for those that are missing. */
	run(progress: Progress, plan: Plan): Promise<Outcome[]>;
}

/** How much is to be measured. */
export interface Plan {
	/** Numbers of Services, ascending. */
	readonly sizes: readonly number[];
	/** Numbers of Services at which kube-proxy is measured too. */
	readonly peerSizes: readonly number[];
	/** Whether the run may take long: more rounds, peers. */
	readonly full: boolean;
}

/** Says in a few words what is being done. */
export type Progress = (step: string) => void;

/** Of `make bench-quick`. */
export const QUICK: Plan = { sizes: [10_000], peerSizes: [], full: false };

/**
 * Of `make bench`. The real kube-proxy at 50,000 Services takes more than the whole run may:
 * SIZES=50000 asks for it.
 */
export const FULL: Plan = {
	sizes: [10, 1000, 10_000, 50_000],
	peerSizes: [10, 1000, 10_000],
	full: true,
};

/** The same at other sizes, kube-proxy included. */
export function planFor(sizes: readonly number[]): Plan {
	return { ...FULL, sizes, peerSizes: sizes };
}

/** Runs a section to its end; every id has an outcome, whatever fails. */
export async function runSection(
	section: Section,
	progress: Progress,
	plan: Plan = QUICK,
): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	let reason = "the section ended without it";
	try {
		outcomes.push(...(await section.run(progress, plan)));
	} catch (error) {
		reason = error instanceof Error ? error.message : String(error);
	}
	for (const id of section.ids) {
		if (!outcomes.some((outcome) => outcome.id === id)) outcomes.push({ id, reason });
	}
	return outcomes;
}
