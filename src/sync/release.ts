import { BpfError } from "../errors.ts";
import { FilterKind } from "../layout/structs.ts";
import type { Write } from "../plan/order.ts";
import type { State } from "../plan/state.ts";
import type { Applier } from "./applier.ts";
import type { FlowPass } from "./flow-pass.ts";
import type { Slicer } from "./slicer.ts";

/**
 * How long ids, sets and filter bits rest, in ms, after their last reference is gone: longer than
 * any program runs that may still hold one.
 */
const REST_MS = 1100;

/**
 * Connections of sockets are in no flow table; an id that still has open ones is held back, so that
 * their end is not counted as the end of its next owner's. With fewer free ids than this part of all,
 * it is not: counters may then be off, connections never are.
 */
const SCARCE = 1 / 4;

/** What only running programs can still refer to, and tombstones for which the map has no room. */
export function releaseSets(state: State, applier: Applier, limit: number, now: number): void {
	state.ranges.release(now - REST_MS);
	for (const key of state.tombstones.keys()) {
		if (state.tombstones.size <= limit) return;
		tryWrite(applier, { kind: "tombstone-gone", key }, now);
	}
}

/** A release in progress. */
export interface Release {
	readonly state: State;
	readonly applier: Applier;
	readonly slicer: Slicer;
	readonly pass: FlowPass;
	/** Connections of a backend that began and have not ended. */
	readonly openConnections: (backend: number) => bigint;
	readonly now: number;
}

/**
 * What flows can refer to as well: backend ids, service ids and filter bits that had rested when
 * the pass began, and that it did not meet.
 */
export async function releaseUnflowed(work: Release): Promise<void> {
	const before = work.pass.startedMs - REST_MS;
	await releaseBackends(work, before);
	await releaseServices(work, before);
	await releaseBits(work, before);
}

async function releaseBackends(work: Release, before: number): Promise<void> {
	const { state, pass, slicer } = work;
	const isScarce = state.backendIds.available < state.arrays.backendCount * SCARCE;
	for (const id of state.backendIds.rested(before)) {
		const isUsed = pass.usesBackend(id) || (!isScarce && work.openConnections(id) > 0n);
		if (!isUsed && state.backendIds.isResting(id)) freeBackend(work, id);
		await slicer.turn();
	}
}

async function releaseServices(work: Release, before: number): Promise<void> {
	const { state, pass, slicer } = work;
	for (const id of state.serviceIds.rested(before)) {
		if (!pass.usesService(id) && state.serviceIds.isResting(id)) freeService(work, id);
		await slicer.turn();
	}
}

async function releaseBits({ state, applier, slicer, pass, now }: Release, before: number) {
	for (const bit of state.filter.lingered(before)) {
		if (!pass.needsBit(bit) && state.filter.release(bit)) {
			tryWrite(applier, { kind: "filter-clear", bit }, now);
		}
		await slicer.turn();
	}
}

function freeBackend({ state, applier, now }: Release, id: number): void {
	const { arrays } = state;
	const ownerId = arrays.backendOwner(id);
	const owner = state.recordOf(ownerId);
	const index = owner?.backends.indexOf(id) ?? -1;
	if (index >= 0) owner?.backends.splice(index, 1);
	if (ownerId !== 0) {
		state.dropBits(FilterKind.FILTER_BACKEND, arrays.backendKey(id), now);
		const generation = arrays.backendGeneration(id);
		tryWrite(applier, { kind: "backend-free", id, generation }, now);
	}
	state.backendIds.release(id);
}

/** A service id is still referred to while backend ids or ranges belong to it, or a name. */
function freeService({ state, applier, now }: Release, id: number): void {
	const record = state.recordOf(id);
	if (record && record.backends.length + record.sourceRanges.length > 0) return;
	if (record?.named && !tryWrite(applier, { kind: "name-gone", service: id }, now)) return;
	if (record) state.forgetRecord(record);
	tryWrite(applier, { kind: "service-free", id }, now);
	state.serviceIds.release(id);
}

/** False when the kernel refuses: there will be another time. */
function tryWrite(applier: Applier, write: Write, now: number): boolean {
	try {
		applier.one(write, now);
		return true;
	} catch (error) {
		if (error instanceof BpfError) return false;
		throw error;
	}
}
