import { FrontendFlag } from "../layout/structs.ts";
import type { Family, ObjectKey } from "../model/objects.ts";
import type { PortRecord } from "../plan/record.ts";
import { frontendFlags, type State } from "../plan/state.ts";

/** What of the objects is not in the maps. */
export interface SyncTrouble {
	/** Services that are not completely in the maps, and why. */
	readonly failures: ReadonlyMap<ObjectKey, string>;
	/** Maps in which there was no room for something, at present. */
	readonly fullMaps: ReadonlySet<string>;
}

/** What the maps hold. Costs a look at every service port. */
export interface MapsStatus {
	/** Service ports in the maps. */
	readonly services: number;
	/** Those whose policy is Local, with endpoints elsewhere and none here. */
	readonly noLocalEndpoints: Readonly<Record<Family, number>>;
	readonly frontends: number;
	readonly tombstones: number;
	/** Ids, and sets, that rest. */
	readonly resting: { readonly services: number; readonly backends: number; readonly sets: number };
	/** Filter bits that wait for their last flow. */
	readonly lingeringBits: number;
}

/** What the syncer can say of itself. */
export interface SyncStatus extends SyncTrouble, MapsStatus {
	/** The maps have been compared with all objects at least once since the start. */
	readonly synced: boolean;
	/** Writes made since the start. */
	readonly writes: number;
	/** Runs of syncOnce() since the start. */
	readonly runs: number;
}

/** What one run did. */
export interface SyncResult {
	/** Services looked at, gone ones included. */
	readonly services: readonly ObjectKey[];
	readonly writes: number;
	/** Services that failed; they are tried again by a later run. */
	readonly failed: number;
	/**
	 * When the changes of which this run wrote the effect were caused, in ms since 1970, as the slices
	 * say (the trigger times of kubeproxy_network_programming_duration_seconds).
	 */
	readonly triggers: readonly number[];
}

/** What adoption found in the maps. */
export interface AdoptResult {
	readonly services: number;
	readonly backends: number;
	readonly frontends: number;
	/** Ids, frontends and tombstones that belong to nothing; they go with the first full run. */
	readonly orphans: number;
	/** Filter bits that entries need and that were not set. */
	readonly filterBits: number;
}

export function mapsStatus(state: State): MapsStatus {
	const present = [...state.records.values()].filter(({ id }) => state.isPresent(id));
	const noLocalEndpoints: Record<Family, number> = { IPv4: 0, IPv6: 0 };
	for (const record of present) {
		if (lacksLocalEndpoints(state, record)) noLocalEndpoints[record.identity.family]++;
	}
	return {
		services: present.length,
		noLocalEndpoints,
		frontends: state.frontends.size,
		tombstones: state.tombstones.size,
		resting: {
			services: state.serviceIds.resting,
			backends: state.backendIds.resting,
			sets: state.ranges.resting,
		},
		lingeringBits: state.filter.lingering,
	};
}

function lacksLocalEndpoints(state: State, { id, frontends }: PortRecord): boolean {
	if (state.arrays.set(id, true).count > 0 || state.arrays.set(id, false).count === 0) return false;
	return frontends.some((key) => usesLocalSet(state.frontends.get(key) ?? 0));
}

function usesLocalSet(value: number): boolean {
	return (frontendFlags(value) & FrontendFlag.FRONTEND_LOCAL_SET) !== 0;
}
