import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { changeObjects } from "../../../bench/agent/etcd.ts";
import type { Cluster } from "../../cluster/lib/cluster.ts";
import { named } from "../../cluster/lib/objects.ts";
import type { LiveMaps } from "../../lib/net/live.ts";
import { until } from "../../lib/until.ts";
import type { Bulk } from "./bulk.ts";

/** Until a change must be in the maps, however busy the machine is. */
const LIMIT_MS = 60_000;
/** Changes that are under way at a time when they are made as fast as they are followed. */
const BATCH = 100;

/** What changes, and where it must arrive. */
export interface Followed {
	readonly cluster: Cluster;
	readonly bulk: Bulk;
	readonly maps: LiveMaps;
}

/**
 * Makes changes through the API at a steady pace and follows each into the maps. Returns the ms from
 * the API server's answer to that, per change; rejects when one does not arrive.
 */
export async function steadyChurn(
	followed: Followed,
	{ perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<number[]> {
	const delays: number[] = [];
	const failures: unknown[] = [];
	const start = performance.now();
	const pending: Promise<void>[] = [];
	for (let i = 0; i < perSecond * seconds && failures.length === 0; i++) {
		await delay(Math.max(0, start + (i * 1000) / perSecond - performance.now()));
		const change = oneChange(followed).then((ms) => void delays.push(ms));
		pending.push(change.catch((error: unknown) => void failures.push(error)));
	}
	await Promise.all(pending);
	if (failures.length > 0) throw failures[0];
	return delays;
}

async function oneChange({ cluster, bulk, maps }: Followed): Promise<number> {
	const { number, slice } = bulk.change();
	const { name } = slice.metadata as { name: string };
	await cluster.plane.api.patch(named("EndpointSlice", name), { endpoints: slice.endpoints });
	const answered = performance.now();
	await arrived({ bulk, maps }, number);
	return performance.now() - answered;
}

/** Makes that many changes, as fast as they are followed: the next when those before are in the maps. */
export async function fastChurn({ cluster, bulk, maps }: Followed, changes: number): Promise<void> {
	for (let done = 0; done < changes; done += BATCH) {
		const batch = Array.from({ length: Math.min(BATCH, changes - done) }, () => bulk.change());
		changeObjects(
			cluster.lab,
			batch.map(({ slice }) => slice),
		);
		for (const { number } of batch) await arrived({ bulk, maps }, number);
	}
}

async function arrived({ bulk, maps }: Omit<Followed, "cluster">, number: number): Promise<void> {
	const { frontend, backends } = bulk.wanted(number);
	await until(
		`the maps have the endpoints of Service ${number}`,
		() => isDeepStrictEqual(maps.backends(frontend), backends),
		LIMIT_MS,
	);
}
