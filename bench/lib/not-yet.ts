import type { Section } from "./section.ts";

/** Figures whose subject does not exist yet: rows of the report, so that none is silently absent. */
export const notYetSection: Section = {
	title: "not yet",
	ids: ["D8", "D11"],
	async run() {
		return this.ids.map((id) => ({
			...{ id, absence: "NOT YET" as const },
			reason: "there is no XDP program",
		}));
	},
};
