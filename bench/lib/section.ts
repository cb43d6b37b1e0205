import type { Outcome } from "./figure.ts";

/** Figures that are measured together, in one setting. */
export interface Section {
	readonly title: string;
	/** Targets that it measures. */
	readonly ids: readonly string[];
	/** Returns one outcome per target. What it throws counts as the reason for those that are missing. */
	run(progress: Progress): Promise<Outcome[]>;
}

/** Says in a few words what is being done. */
export type Progress = (step: string) => void;

/** Runs a section to its end; every id has an outcome, whatever fails. */
export async function runSection(section: Section, progress: Progress): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	let reason = "the section ended without it";
	try {
		outcomes.push(...(await section.run(progress)));
	} catch (error) {
		reason = error instanceof Error ? error.message : String(error);
	}
	for (const id of section.ids) {
		if (!outcomes.some((outcome) => outcome.id === id)) outcomes.push({ id, reason });
	}
	return outcomes;
}
