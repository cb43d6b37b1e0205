import type { Change } from "../../../src/model/objects.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { present, settled } from "../../unit/sync/histories.ts";
import type { Outcome } from "../../unit/sync/lookup.ts";
import type { History } from "./history.ts";
import { liveBackends } from "./maps.ts";
import { Process, REST } from "./process.ts";
import { type Ask, asksOf, type Between, outcomes } from "./watcher.ts";

/** Empty maps, all of one size. */
export type MakeMaps = () => SyncPorts;

/** What an agent that never knew anything else makes of some objects. */
export interface Fresh {
	readonly objects: readonly Change[];
	readonly dump: string;
	readonly outcomes: ReadonlyMap<string, Outcome>;
	/** What lookups may meet before that: outcomes while only some changes of the step are known. */
	readonly between: Between;
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
		const changes = step === REST ? [] : step;
		const before = objects;
		objects = settled(before, changes);
		const fresh = await freshStart(objects, asks, make());
		if (!history.apart) {
			all.push(fresh);
			continue;
		}
		const between = new Map<string, Set<Outcome>>();
		for (const some of properSubsets(changes)) {
			const { outcomes } = await freshStart(settled(before, some), asks, make());
			for (const [ask, outcome] of outcomes) {
				between.set(ask, (between.get(ask) ?? new Set()).add(outcome));
			}
		}
		all.push({ ...fresh, between });
	}
	return all;
}

/** Of some things, those that are neither empty nor all. */
function properSubsets<T>(all: readonly T[]): T[][] {
	return Array.from({ length: Math.max(0, 2 ** all.length - 2) }, (_, i) =>
		all.filter((_, at) => (((i + 1) >> at) & 1) === 1),
	);
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
	const [dump, met] = [present(dumpMaps(maps)), outcomes(maps, asks)];
	return { objects, dump, outcomes: met, between: new Map(), live };
}
