import { BackendState, packBackendWord } from "../layout/structs.ts";
import type { Write } from "../plan/order.ts";
import { frontendService, type State } from "../plan/state.ts";
import { setWord } from "../plan/words.ts";

/** Ids found in the maps at the start that belong to no service port. They rest. */
export interface Orphans {
	readonly names: number[];
	readonly services: number[];
	readonly backends: number[];
}

/**
 * Removes what belongs to no service port, in the order of ORDER. To be made after the first full
 * run, which may have given it an owner.
 */
export function orphanWrites(state: State, orphans: Orphans): Write[] {
	const writes: Write[] = [];
	for (const [key, services] of state.tombstones) {
		if (!services.some((id) => state.recordOf(id))) writes.push({ kind: "tombstone-gone", key });
	}
	for (const [key, value] of state.frontends) {
		if (!state.recordOf(frontendService(value))) writes.push({ kind: "frontend-gone", key });
	}
	for (const id of orphans.services) writes.push(...serviceWrites(state, id));
	for (const id of orphans.backends) {
		if (state.arrays.backendState(id) !== BackendState.BACKEND_GONE) {
			writes.push(backendDown(state, id));
		}
	}
	for (const service of orphans.names) writes.push({ kind: "name-gone", service });
	return writes;
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
