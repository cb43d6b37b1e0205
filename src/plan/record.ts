import type { Cidr, ObjectKey } from "../model/objects.ts";
import type { PortIdentity } from "./desired.ts";
import type { Range } from "./range-pool.ts";
import type { TupleKey } from "./tuple.ts";

/** What the agent knows of one service port that has a service id. */
export interface PortRecord {
	readonly identity: PortIdentity;
	readonly service: ObjectKey;
	readonly id: number;
	/** The names map has its entry. */
	named: boolean;
	/** Backend ids that belong to it, resting ones included. */
	backends: number[];
	/** Slot ranges that belong to it: those its set words name, and new ones on their way. */
	ranges: Range[];
	/** Frontends in the map that lead to it. */
	frontends: readonly TupleKey[];
	/** Its entries in the ranges map. */
	sourceRanges: readonly Cidr[];
}

export function newRecord(identity: PortIdentity, id: number): PortRecord {
	return {
		identity,
		// By join(), as in identityKey().
		service: [identity.namespace, identity.name].join("/"),
		id,
		named: false,
		backends: [],
		ranges: [],
		frontends: [],
		sourceRanges: [],
	};
}
