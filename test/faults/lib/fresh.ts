import type { Change } from "../../../src/model/objects.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { present, settled } from "../../unit/sync/histories.ts";
import type { Outcome } from "../../unit/sync/lookup.ts";
import type { History } from "./history.ts";
import { liveBackends } from "./maps.ts";
import { Process, REST } from "./process.ts";
import { type Ask, asksOf, outcomes } from "./watcher.ts";

/** Empty maps, all of one size. */
export type MakeMaps = () => SyncPorts;

/** What an agent that never knew anything else makes of some objects. */
export interface Fresh {
	readonly objects: readonly Change[];
	readonly dump: string;
	readonly outcomes: ReadonlyMap<string, Outcome>;
	/** Backends, as liveBackends() calls them. */
	readonly live: ReadonlySet<string>;
}

/** Everything that clients ever ask for in a history. */
export function asksIn(history: History): readonly Ask[] {
	return asksOf(history.steps.flatMap((step) => (step === REST ? [] : step)));
}

/** For each step of a history, what a fresh start with its objects is. */
export async function freshStarts(history: History, make: MakeMaps): Promise<Fresh[]> {
	const asks = asksIn(history);
	const all: Fresh[] = [];
	let objects: readonly Change[] = [];
	for (const step of history.steps) {
		objects = settled(objects, step === REST ? [] : step);
		all.push(await freshStart(objects, asks, make()));
	}
	return all;
}

/** What a fresh start with these objects makes of empty maps. */
export async function freshStart(
	objects: readonly Change[],
	asks: readonly Ask[],
	maps: SyncPorts,
): Promise<Fresh> {
	const first = new Process(maps);
	await first.start(objects);
	const live = new Set(liveBackends(maps).keys());
	return { objects, dump: present(dumpMaps(maps)), outcomes: outcomes(maps, asks), live };
}
