import { BackendFlag, BackendState, FilterKind, packBackendWord } from "../layout/structs.ts";
import type { DesiredEndpoint, DesiredPort } from "./desired.ts";
import type { Write } from "./order.ts";
import type { PortRecord } from "./record.ts";
import type { State } from "./state.ts";
import type { TupleKey } from "./tuple.ts";

const { BACKEND_GONE, BACKEND_ACTIVE, BACKEND_DRAINING } = BackendState;
const UDP = 17;

/** Backend ids of a service port by endpoint. */
export type BackendIds = Map<TupleKey, number>;

/** The ids that a service port has, from the maps' memory. */
export function backendIdsOf(state: State, record: PortRecord): BackendIds {
	const ids: BackendIds = new Map();
	for (const id of record.backends) ids.set(state.arrays.backendKey(id), id);
	return ids;
}

/** A plan in the making. */
export interface Draft {
	readonly state: State;
	readonly record: PortRecord;
	readonly ids: BackendIds;
	readonly writes: Write[];
	/** Maps in which there is no room. */
	readonly shortages: Set<string>;
}

/** Makes every endpoint of both sets an active backend, as far as there are ids. */
export function planBackends(draft: Draft, desired: DesiredPort | undefined): void {
	const done = new Set<TupleKey>();
	for (const endpoint of [...(desired?.cluster ?? []), ...(desired?.local ?? [])]) {
		if (done.has(endpoint.key)) continue;
		done.add(endpoint.key);
		const id = draft.ids.get(endpoint.key);
		if (id === undefined) newBackend(draft, endpoint);
		else refreshBackend(draft, id, endpoint);
	}
}

/** The ids of a set in ascending order, without endpoints for which there was no id. */
export function memberIds(draft: Draft, endpoints: readonly DesiredEndpoint[]): number[] {
	const members: number[] = [];
	for (const { key } of endpoints) {
		const id = draft.ids.get(key);
		if (id !== undefined) members.push(id);
	}
	return members.sort((a, b) => a - b);
}

/** Backends that are in no set: draining while the endpoint still answers, else gone. */
export function planDepartures(
	draft: Draft,
	members: ReadonlySet<number>,
	desired: DesiredPort | undefined,
): void {
	const { state, ids, writes } = draft;
	for (const [key, id] of ids) {
		if (members.has(id)) continue;
		const before = state.arrays.backendState(id);
		const goesOn = desired?.draining.has(key) === true && before !== BACKEND_GONE;
		const after = goesOn ? BACKEND_DRAINING : BACKEND_GONE;
		if (before === after) continue;
		if (after === BACKEND_GONE && desired && isUdp(key)) pushTombstone(draft, key);
		writes.push({ kind: "backend-down", id, word: stateWord(state, id, after) });
	}
}

/** Bits that are not set are set before anything that needs them. */
export function pushFilterBits(state: State, kind: number, key: TupleKey, writes: Write[]): void {
	for (const bit of state.filterBits(kind, key)) {
		if (!state.arrays.filterBit(bit)) writes.push({ kind: "filter-set", bit });
	}
}

function newBackend(draft: Draft, { key, local }: DesiredEndpoint): void {
	const { state, record, writes } = draft;
	const id = state.takeBackend();
	if (id === undefined) {
		draft.shortages.add("backends");
		return;
	}
	record.backends.push(id);
	draft.ids.set(key, id);
	const generation = nextGeneration(state.arrays.backendGeneration(id));
	const flags = local ? BackendFlag.BACKEND_LOCAL : 0;
	writes.push({ kind: "backend", id, generation, owner: record.id, key, flags });
	const word = packBackendWord({ state: BACKEND_ACTIVE, generation });
	writes.push({ kind: "backend-up", id, word });
	pushFilterBits(state, FilterKind.FILTER_BACKEND, key, writes);
	pushTombstoneGone(draft, key);
}

function refreshBackend(draft: Draft, id: number, { key, local }: DesiredEndpoint): void {
	const { state, writes } = draft;
	const flags = local ? BackendFlag.BACKEND_LOCAL : 0;
	if (state.arrays.backendFlags(id) !== flags) writes.push({ kind: "backend-flags", id, flags });
	if (state.arrays.backendState(id) === BACKEND_ACTIVE) return;
	writes.push({ kind: "backend-up", id, word: stateWord(state, id, BACKEND_ACTIVE) });
	pushFilterBits(state, FilterKind.FILTER_BACKEND, key, writes);
	pushTombstoneGone(draft, key);
}

/** Only UDP sockets can be moved on. */
function isUdp(key: TupleKey): boolean {
	return key.charCodeAt(9) >> 8 === UDP;
}

/** Other service ports may still have the endpoint: a socket knows by which it was connected. */
function pushTombstone({ state, record, writes }: Draft, key: TupleKey): void {
	const services = [...servicesLeft(state, key, record), record.id];
	writes.push({ kind: "tombstone", key, services });
	pushFilterBits(state, FilterKind.FILTER_TOMBSTONE, key, writes);
}

/** The service port has the endpoint again, or goes itself; others that it left still need it. */
export function pushTombstoneGone({ state, record, writes }: Draft, key: TupleKey): void {
	if (!state.tombstones.get(key)?.includes(record.id)) return;
	const services = servicesLeft(state, key, record);
	if (services.length > 0) writes.push({ kind: "tombstone", key, services });
	else writes.push({ kind: "tombstone-gone", key });
}

/** What an endpoint left, but for the record's service port. */
function servicesLeft(state: State, key: TupleKey, record: PortRecord): number[] {
	return (state.tombstones.get(key) ?? []).filter((id) => id !== record.id);
}

function stateWord(state: State, id: number, to: number): number {
	return packBackendWord({ state: to, generation: state.arrays.backendGeneration(id) });
}

/** 1 .. 2^24 - 1: 0 marks ids that were never used. */
function nextGeneration(generation: number): number {
	return generation >= 0xffffff ? 1 : generation + 1;
}
