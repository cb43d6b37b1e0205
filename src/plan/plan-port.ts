import { FilterKind, Scope } from "../layout/structs.ts";
import { addressToBytes } from "../model/address-bytes.ts";
import type { DesiredFrontend, DesiredPort } from "./desired.ts";
import { frontendValue } from "./frontend-value.ts";
import { inOrder, type Write } from "./order.ts";
import {
	backendIdsOf,
	type Draft,
	memberIds,
	planBackends,
	planDepartures,
	pushFilterBits,
	pushTombstoneGone,
} from "./plan-backends.ts";
import { FAMILY_NUMBER, PROTOCOL_NUMBER } from "./protocols.ts";
import type { Range } from "./range-pool.ts";
import type { PortRecord } from "./record.ts";
import type { State } from "./state.ts";
import { packTuple, type TupleKey } from "./tuple.ts";
import { setWord } from "./words.ts";

/** What brings one service port from what the maps hold to what they should. */
export interface PortPlan {
	/** In the order in which they must be made; empty when all is as it should be. */
	readonly writes: readonly Write[];
	/** Maps in which there was no room: the plan serves as much as fits. */
	readonly shortages: readonly string[];
}

/**
 * Compares one service port with the maps. Ids and ranges that the plan takes belong to the record
 * from here on, whether or not the writes are made: settlePort() gives back what was not used.
 *
 * @param desired undefined: the service port is to be removed
 * @param passesOn frontends that another service port is about to take over: they stay until it
 *   has, and what they need with them; the port is to be planned once more then
 */
export function planPort(
	state: State,
	record: PortRecord,
	desired: DesiredPort | undefined,
	passesOn: (key: TupleKey) => boolean = () => false,
): PortPlan {
	const writes: Write[] = [];
	const ids = backendIdsOf(state, record);
	const draft: Draft = { state, record, ids, writes, shortages: new Set() };
	planBackends(draft, desired);
	const cluster = memberIds(draft, desired?.cluster ?? []);
	const local = memberIds(draft, desired?.local ?? []);
	planDepartures(draft, new Set([...cluster, ...local]), desired);
	planSets(draft, cluster, local);
	planService(draft, desired);
	const passing = planFrontends(draft, desired, passesOn);
	planRanges(draft, desired, passing);
	if (!desired) {
		for (const key of state.tombstonesOf(record.id)) pushTombstoneGone(draft, key);
	}
	return { writes: inOrder(writes), shortages: [...draft.shortages] };
}

/**
 * After the writes of a plan, made or not: ids and ranges of the record that the maps do not use
 * rest from `now` on.
 */
export function settlePort(state: State, record: PortRecord, now: number): void {
	settleBackends(state, record, now);
	if (!state.isPresent(record.id) && record.frontends.length === 0) {
		state.serviceIds.rest(record.id, now);
	}
	const words = [state.arrays.set(record.id, false), state.arrays.set(record.id, true)];
	const isNamed = (range: Range) =>
		words.some(({ base, count }) => base === range.base && count === range.count);
	for (const range of record.ranges) if (!isNamed(range)) state.ranges.rest(range, now);
	record.ranges = trimmed(record.ranges.filter(isNamed));
}

function settleBackends(state: State, record: PortRecord, now: number): void {
	for (const id of record.backends) if (!state.isLive(id)) state.backendIds.rest(id, now);
	const isOwn = (id: number) => state.arrays.backendOwner(id) === record.id;
	record.backends = trimmed(record.backends.filter(isOwn));
}

/** A copy without the room for 16 more that push() makes: tens of thousands of lists are kept. */
function trimmed<T>(list: readonly T[]): T[] {
	return list.slice();
}

/**
 * An empty local set beside one of the cluster means drop, two empty ones mean reject: the cluster
 * set is filled last and emptied first, so that neither is met on the way from or to the other.
 */
function planSets(draft: Draft, cluster: readonly number[], local: readonly number[]): void {
	if (cluster.length === 0) planSet(draft, cluster, false);
	planSet(draft, local, true);
	if (cluster.length > 0) planSet(draft, cluster, false);
}

/** A set that differs gets a fresh range; where there is none, the old set stays. */
function planSet(draft: Draft, ids: readonly number[], local: boolean): void {
	const { state, record, writes } = draft;
	const { id } = record;
	const now = state.arrays.set(id, local);
	if (isSet(state, record, now, ids)) return;
	const generation = now.generation + 1;
	if (ids.length === 0) {
		writes.push({ kind: "set-empty", id, local, word: setWord(0, 0, generation) });
		return;
	}
	const range = ids.length <= MAX_SET ? state.takeRange(ids.length) : undefined;
	if (!range) {
		draft.shortages.add("slots");
		return;
	}
	record.ranges.push(range);
	writes.push({ kind: "slots", base: range.base, ids });
	writes.push({ kind: "set", id, local, word: setWord(range.base, range.count, generation) });
}

/** SET_COUNT_BITS */
const MAX_SET = 0xffff;

function isSet(
	state: State,
	record: PortRecord,
	now: { base: number; count: number },
	ids: readonly number[],
): boolean {
	if (now.count !== ids.length) return false;
	if (now.count === 0) return true;
	if (!record.ranges.some(({ base, count }) => base === now.base && count === now.count))
		return false;
	return ids.every((id, i) => state.arrays.slot(now.base + i) === id);
}

function planService({ state, record, writes }: Draft, desired: DesiredPort | undefined): void {
	const { id, identity } = record;
	const service = state.arrays.service(id);
	const present = state.isPresent(id);
	if (!desired) {
		if (present) writes.push({ kind: "service-gone", id });
		return;
	}
	if (!record.named) {
		const { namespace, name, port } = identity;
		writes.push({ kind: "name", service: id, namespace, name, port });
	}
	const family = FAMILY_NUMBER[identity.family];
	const { proto } = identity;
	const { affinitySeconds: affinitySec } = desired;
	const isSame = service.proto === proto && service.family === family;
	if (present && isSame && service.affinity_sec === affinitySec) return;
	writes.push({ kind: "service", id, affinitySec, proto, family });
}

/** Whether the service port is to have that entry of the frontends map. */
export function hasFrontend({ frontends }: DesiredPort, key: TupleKey): boolean {
	return frontendEntries(frontends).has(key);
}

/**
 * New clients before old ones go: while a list changes, those of both may come. None goes while a
 * frontend that may ask for them is `passing` to another.
 */
function planRanges(
	{ record, writes }: Draft,
	desired: DesiredPort | undefined,
	passing: boolean,
): void {
	const wanted = desired?.sourceRanges ?? new Set();
	const present = new Set(record.sourceRanges);
	const service = record.id;
	for (const cidr of wanted) {
		if (!present.has(cidr)) writes.push({ kind: "range", service, cidr });
	}
	if (passing) return;
	for (const cidr of present) {
		if (!wanted.has(cidr)) writes.push({ kind: "range-gone", service, cidr });
	}
}

/** Returns whether some stay until they have passed on. */
function planFrontends(
	{ state, record, writes }: Draft,
	desired: DesiredPort | undefined,
	passesOn: (key: TupleKey) => boolean,
): boolean {
	const wanted = frontendEntries(desired?.frontends ?? []);
	for (const [key, flags] of wanted) {
		pushFilterBits(state, FilterKind.FILTER_FRONTEND, key, writes);
		if (state.frontends.get(key) === frontendValue(record.id, flags)) continue;
		writes.push({ kind: "frontend", key, service: record.id, flags });
	}
	let passing = false;
	for (const key of record.frontends) {
		if (wanted.has(key)) continue;
		if (passesOn(key)) passing = true;
		else writes.push({ kind: "frontend-gone", key });
	}
	return passing;
}

/** Entries of the frontends map with their flags. */
function frontendEntries(frontends: readonly DesiredFrontend[]): Map<TupleKey, number> {
	const entries = new Map<TupleKey, number>();
	for (const { address, port, protocol, flags } of frontends) {
		const tuple = { addr: addressToBytes(address), port, proto: PROTOCOL_NUMBER[protocol] };
		entries.set(packTuple({ ...tuple, scope: Scope.SCOPE_INTERNAL }), flags.internal);
		if (flags.external === undefined) continue;
		entries.set(packTuple({ ...tuple, scope: Scope.SCOPE_EXTERNAL }), flags.external);
	}
	return entries;
}
