/** Before programs are attached to a filter that another release has kept. */
import { setImmediate } from "node:timers/promises";
import type { MapPort } from "../dataplane/port.ts";
import type { Syncer } from "../sync/syncer.ts";

/** Entries read in one step: about a millisecond. */
const STEP_ENTRIES = 512;

/** Sets the filter bits that packets of all flows need to be noticed. */
export async function setFlowBits(syncer: Syncer, tables: readonly MapPort[]): Promise<void> {
	const pass = syncer.beginFlowPass();
	for (const table of tables) {
		let cursor: Uint8Array | undefined;
		do {
			const page = table.lookupBatch(cursor, STEP_ENTRIES);
			pass.see(page.keys, page.values, page.count);
			cursor = page.cursor;
			await setImmediate();
		} while (cursor !== undefined);
	}
	syncer.setFlowBits(pass);
}
