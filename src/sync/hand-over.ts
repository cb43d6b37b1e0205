import { bytesToAddress } from "../model/address-bytes.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ObjectKey } from "../model/objects.ts";
import { protocolName } from "../plan/protocols.ts";
import type { PortRecord } from "../plan/record.ts";
import { type TupleKey, unpackTuple } from "../plan/tuple.ts";

/**
 * The Services that now have frontends of a service port that goes. They take the frontends over
 * before the old entries would be removed: no packet finds the frontend missing.
 */
export function handOverKeys(record: PortRecord, cluster: Cluster): Set<ObjectKey> {
	const heirs = new Set<ObjectKey>();
	for (const key of record.frontends) {
		const heir = heirOf(record, key, cluster);
		if (heir !== undefined) heirs.add(heir);
	}
	return heirs;
}

/** The other Service that now has a frontend which the maps still give to a service port. */
export function heirOf(record: PortRecord, key: TupleKey, cluster: Cluster): ObjectKey | undefined {
	const { addr, port, proto } = unpackTuple(key);
	const protocol = protocolName(proto);
	if (!protocol) return undefined;
	const heir = cluster.ownerOf({ address: bytesToAddress(addr), port, protocol });
	return heir === record.service ? undefined : heir;
}
