import { BackendState, packBackendWord } from "../layout/structs.ts";
import { bytesToAddress } from "../model/address-bytes.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Cidr } from "../model/objects.ts";
import { frontendService } from "../plan/frontend-value.ts";
import type { Write } from "../plan/order.ts";
import { isAddressValue } from "../plan/plan-node.ts";
import type { State } from "../plan/state.ts";
import { type TupleKey, unpackTuple } from "../plan/tuple.ts";
import { setWord } from "../plan/words.ts";

/** Ids found in the maps at the start that belong to no service port. They rest. */
export interface Orphans {
	readonly names: number[];
	readonly services: number[];
	readonly backends: number[];
	/** Entries of the ranges map. */
	readonly ranges: { readonly service: number; readonly cidr: Cidr }[];
}

/**
 * Removes what belongs to no service port, and cluster IPs of no Service, in the order of ORDER. To
 * be made after the first full run, which may have given it an owner.
 */
export function orphanWrites(state: State, orphans: Orphans, cluster: Cluster): Write[] {
	const writes: Write[] = [];
	for (const [key, services] of state.tombstones) {
		if (!services.some((id) => state.recordOf(id))) writes.push({ kind: "tombstone-gone", key });
	}
	for (const [key, value] of state.frontends) {
		if (!isWanted(state, cluster, key, value)) writes.push({ kind: "frontend-gone", key });
	}
	const ranges = orphans.ranges.filter((range) => !isRange(state, range));
	for (const range of ranges) writes.push({ kind: "range-gone", ...range });
	for (const id of orphans.services) writes.push(...serviceWrites(state, id));
	for (const id of orphans.backends) {
		if (state.arrays.backendState(id) !== BackendState.BACKEND_GONE) {
			writes.push(backendDown(state, id));
		}
	}
	for (const service of orphans.names) writes.push({ kind: "name-gone", service });
	return writes;
}

function isWanted(state: State, cluster: Cluster, key: TupleKey, value: number): boolean {
	if (!isAddressValue(value)) return state.recordOf(frontendService(value)) !== undefined;
	const address = bytesToAddress(unpackTuple(key).addr);
	return cluster.hasAddress(address) || state.echo.has(address);
}

/** The id may have got an owner since, with the same range. */
function isRange(state: State, { service, cidr }: Orphans["ranges"][number]): boolean {
	return state.recordOf(service)?.sourceRanges.includes(cidr) === true;
}

function serviceWrites(state: State, id: number): Write[] {
	const writes: Write[] = [];
	for (const local of [false, true]) {
		const { count, generation } = state.arrays.set(id, local);
		const word = setWord(0, 0, generation + 1);
		if (count > 0) writes.push({ kind: "set-empty", id, local, word });
	}
	return [...writes, { kind: "service-gone", id }];
}

function backendDown(state: State, id: number): Write {
	const generation = state.arrays.backendGeneration(id);
	const word = packBackendWord({ state: BackendState.BACKEND_GONE, generation });
	return { kind: "backend-down", id, word };
}
