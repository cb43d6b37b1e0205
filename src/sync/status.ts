import type { ObjectKey } from "../model/objects.ts";

/** What the syncer can say of itself. */
export interface SyncStatus {
	/** The maps have been compared with all objects at least once since the start. */
	readonly synced: boolean;
	/** Services that are not completely in the maps, and why. */
	readonly failures: ReadonlyMap<ObjectKey, string>;
	/** Maps in which there was no room for something, at present. */
	readonly fullMaps: ReadonlySet<string>;
	/** Service ports in the maps. */
	readonly services: number;
	readonly frontends: number;
	readonly tombstones: number;
	/** Ids, and sets, that rest. */
	readonly resting: { readonly services: number; readonly backends: number; readonly sets: number };
	/** Filter bits that wait for their last flow. */
	readonly lingeringBits: number;
	/** Writes made since the start. */
	readonly writes: number;
	/** Runs of syncOnce() since the start. */
	readonly runs: number;
}

/** What one run did. */
export interface SyncResult {
	/** Services looked at. */
	readonly services: number;
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
}
