/** Empties the flow table of the release before into this release's, after an upgrade of the layout. */
import { setTimeout } from "node:timers/promises";
import type { BpfMap, BpfProgram } from "../dataplane/addon.ts";
import { reap } from "../dataplane/reaper.ts";

/** Entries moved in one step: about two milliseconds. */
const STEP_ENTRIES = 512;
const STEP_PAUSE_MS = 2;

/**
 * Has the reaper move every flow, in steps between which the event loop runs. The programs move
 * those that packets ask for meanwhile. Resolves with the entries seen, when none is left.
 */
export async function drainPreviousFlows(previous: BpfMap, reaper: BpfProgram): Promise<number> {
	let seen = 0;
	for (;;) {
		const page = previous.lookupBatch(undefined, STEP_ENTRIES);
		if (page.count === 0) return seen;
		reap(reaper, page.keys, page.count, "move");
		seen += page.count;
		await setTimeout(STEP_PAUSE_MS);
	}
}
