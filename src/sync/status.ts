import { FrontendFlag, Scope } from "../layout/structs.ts";
import type { Family, ObjectKey } from "../model/objects.ts";
import { frontendFlags } from "../plan/frontend-value.ts";
import type { PortRecord } from "../plan/record.ts";
import type { State } from "../plan/state.ts";
import { packTuple, type TupleKey, unpackTuple } from "../plan/tuple.ts";

/** What of the objects is not in the maps. */
export interface SyncTrouble {
	/** Services that are not completely in the maps, and why. */
	readonly failures: ReadonlyMap<ObjectKey, string>;
	/** Those of them of which a write failed otherwise than for want of room. */
	readonly refused: ReadonlySet<ObjectKey>;
	/** Maps in which there was no room for something, at present. */
	readonly fullMaps: ReadonlySet<string>;
}

export type NoLocalEndpoints = Readonly<
	Record<"internal" | "external", Readonly<Record<Family, number>>>
>;

/** What the maps hold. Costs a look at every service port. */
export interface MapsStatus {
	/** Service ports in the maps. */
	readonly services: number;
	/** Those of which a policy is Local, with endpoints elsewhere and none here: by policy and family. */
	readonly noLocalEndpoints: NoLocalEndpoints;
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
	const lacking = present.filter((record) => lacksLocalEndpoints(state, record));
	const count = (uses: typeof usesInternally): Record<Family, number> => {
		const counts = { IPv4: 0, IPv6: 0 };
		for (const { frontends, identity } of lacking) {
			if (frontends.some((key) => uses(state, key))) counts[identity.family]++;
		}
		return counts;
	};
	return {
		services: present.length,
		noLocalEndpoints: { internal: count(usesInternally), external: count(usesExternally) },
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

function lacksLocalEndpoints({ arrays }: State, { id }: PortRecord): boolean {
	return arrays.set(id, true).count === 0 && arrays.set(id, false).count > 0;
}

/** internalTrafficPolicy: of a cluster IP, whose entries are the same in both scopes. */
function usesInternally(state: State, key: TupleKey): boolean {
	return unpackTuple(key).scope === Scope.SCOPE_INTERNAL && usesLocalSet(state, key);
}

/** externalTrafficPolicy: clients inside may have all endpoints. */
function usesExternally(state: State, key: TupleKey): boolean {
	const tuple = unpackTuple(key);
	if (tuple.scope !== Scope.SCOPE_EXTERNAL || !usesLocalSet(state, key)) return false;
	return !usesLocalSet(state, packTuple({ ...tuple, scope: Scope.SCOPE_INTERNAL }));
}

function usesLocalSet(state: State, key: TupleKey): boolean {
	return (frontendFlags(state.frontends.get(key) ?? 0) & FrontendFlag.FRONTEND_LOCAL_SET) !== 0;
}
