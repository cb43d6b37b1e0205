/** The reaper, run on entries of a world's flow tables. */
import { type ReapAim, reap } from "../../../src/dataplane/reaper.ts";
import { FlowKey } from "../../../src/layout/structs.ts";
import type { FlowEntry, World } from "./world.ts";

/** Returns how many entries were deleted. */
export function runReaper(world: World, entries: readonly FlowEntry[], aim: ReapAim): number {
	return reap(world.program("reap"), keysOf(entries), entries.length, aim).deleted;
}

function keysOf(entries: readonly FlowEntry[]): Uint8Array {
	const bytes = new Uint8Array(entries.length * FlowKey.SIZE);
	const view = new DataView(bytes.buffer);
	entries.forEach(({ key }, i) => {
		FlowKey.encode(key, view, i * FlowKey.SIZE);
	});
	return bytes;
}
