import type { ObjectKey } from "../model/objects.ts";
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
	readonly frontends: Set<TupleKey>;
}

export function newRecord(identity: PortIdentity, id: number): PortRecord {
	return {
		identity,
		service: `${identity.namespace}/${identity.name}`,
		id,
		named: false,
		backends: [],
		ranges: [],
		frontends: new Set(),
	};
}
