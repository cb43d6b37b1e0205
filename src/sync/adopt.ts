import { BackendState, FilterKind, unpackFrontendWord } from "../layout/structs.ts";
import { identityKey } from "../plan/desired.ts";
import { familyName } from "../plan/protocols.ts";
import type { State } from "../plan/state.ts";
import { packTuple } from "../plan/tuple.ts";
import { rangeCIDR, type SyncMaps, sourceCIDR } from "./maps.ts";
import type { Orphans } from "./orphans.ts";
import type { Slicer } from "./slicer.ts";

/** Array elements looked at between two looks at the clock. */
const CHUNK = 4096;

/**
 * Makes an empty State say what the maps hold, so that a restarted agent goes on with the ids and
 * ranges of the one before. Ids that nothing refers to rest again.
 */
export async function adopt(
	state: State,
	maps: SyncMaps,
	slicer: Slicer,
	now: number,
): Promise<Orphans> {
	const orphans: Orphans = { names: [], services: [], backends: [], ranges: [] };
	for (const page of maps.names.pages()) {
		for (const [id, { ns, name, port }] of page) {
			if (!adoptService(state, id, [ns, name, port])) orphans.names.push(id);
		}
		await slicer.turn();
	}
	for (const page of maps.frontends.pages()) {
		for (const [key, { word }] of page) {
			const { service, flags } = unpackFrontendWord(word);
			state.frontendAdded(packTuple(key), service, flags);
		}
		await slicer.turn();
	}
	await adoptPrefixes(state, maps, orphans, slicer);
	state.serviceRange = maps.serviceRange();
	await adoptServiceIds(state, orphans, slicer, now);
	await adoptBackendIds(state, orphans, slicer, now);
	state.ranges.restFreeBelow(state.arrays.slots.usedEnd(), now);
	for (const page of maps.tombstones.pages()) {
		for (const [key, { service }] of page) {
			state.tombstoneAdded(packTuple({ ...key, scope: 0 }), [service]);
		}
		await slicer.turn();
	}
	await adoptFilter(state, slicer, now);
	state.keepUsed();
	return orphans;
}

async function adoptPrefixes(
	state: State,
	maps: SyncMaps,
	orphans: Orphans,
	slicer: Slicer,
): Promise<void> {
	for (const page of maps.ranges.pages()) {
		for (const [key] of page) {
			const { service } = key;
			const cidr = rangeCIDR(key);
			if (!state.rangeAdded(service, cidr)) orphans.ranges.push({ service, cidr });
		}
		await slicer.turn();
	}
	for (const map of ["sources", "service_cidrs"] as const) {
		for (const [key] of maps.prefixes[map].entries()) state.prefixes[map].add(sourceCIDR(key));
	}
}

/** A name makes a service id ours; without family and protocol it was never reached. */
function adoptService(state: State, id: number, names: [string, string, string]): boolean {
	const { arrays } = state;
	if (id < 1 || id >= arrays.serviceCount) return false;
	const service = arrays.service(id);
	const family = familyName(service.family);
	if (!family) return false;
	const [namespace, name, port] = names;
	const identity = { namespace, name, port, proto: service.proto, family };
	if (state.records.has(identityKey(identity))) return false;
	const record = state.addRecord(identity, id);
	record.named = true;
	for (const local of [false, true]) {
		const { base, count } = arrays.set(id, local);
		const range = { base, count };
		if (state.ranges.reserve(range)) record.ranges.push(range);
	}
	return true;
}

async function adoptServiceIds(
	state: State,
	orphans: Orphans,
	slicer: Slicer,
	now: number,
): Promise<void> {
	const rests = new Set(orphans.names);
	let end = 1;
	for (const id of rests) end = Math.max(end, id + 1);
	const used = state.arrays.services.usedEnd();
	for (let id = 1; id < used; id++) {
		if (id % CHUNK === 0) await slicer.turn();
		const use = useOf(state, id);
		if (use === "none") continue;
		if (use === "orphan") orphans.services.push(id);
		if (use !== "service") rests.add(id);
		end = Math.max(end, id + 1);
	}
	state.serviceIds.adopt(end, (id) => state.recordOf(id) !== undefined || rests.has(id));
	for (const id of rests) state.serviceIds.rest(id, now);
}

/** What a service id is used for: a service port, one that is gone, one without name, nothing. */
function useOf(state: State, id: number): "service" | "gone" | "orphan" | "none" {
	const named = state.recordOf(id) !== undefined;
	if (state.isPresent(id)) return named ? "service" : "orphan";
	return named || state.arrays.serviceProto(id) !== 0 ? "gone" : "none";
}

async function adoptBackendIds(
	state: State,
	orphans: Orphans,
	slicer: Slicer,
	now: number,
): Promise<void> {
	const { arrays } = state;
	const taken = new Set<number>();
	let end = 1;
	const used = arrays.backends.usedEnd();
	for (let id = 1; id < used; id++) {
		if (id % CHUNK === 0) await slicer.turn();
		const owner = arrays.backendOwner(id);
		const live = arrays.backendState(id) !== BackendState.BACKEND_GONE;
		if (owner === 0 && !live) continue;
		taken.add(id);
		end = id + 1;
		const record = state.recordOf(owner);
		if (!record) orphans.backends.push(id);
		record?.backends.push(id);
		state.acquireBits(FilterKind.FILTER_BACKEND, arrays.backendKey(id));
		if (live && record) state.backendChanged(id, arrays.backendState(id));
		else state.backendIds.rest(id, now);
	}
	state.backendIds.adopt(end, (id) => taken.has(id));
}

/**
 * Wanted bits that are not set: the filter is younger than the other maps, as after an upgrade that
 * changed only it. Until they are set, replies would pass untranslated.
 */
export async function missingFilterBits(state: State, slicer: Slicer): Promise<number[]> {
	const missing: number[] = [];
	const bits = state.arrays.filterBits;
	for (let first = 0; first < bits; first += 32 * CHUNK) {
		state.filter.wantedIn(first, Math.min(first + 32 * CHUNK, bits), (bit) => {
			if (!state.arrays.filterBit(bit)) missing.push(bit);
		});
		await slicer.turn();
	}
	return missing;
}

/** Bits that nobody wants stay until a flow pass has shown that no flow needs them. */
async function adoptFilter(state: State, slicer: Slicer, now: number): Promise<void> {
	const words = state.arrays.filterBits / 32;
	for (let word = 0; word < words; word += CHUNK) {
		state.arrays.filterBitsIn(word, Math.min(word + CHUNK, words), (bit) =>
			state.filter.linger(bit, now),
		);
		await slicer.turn();
	}
}
