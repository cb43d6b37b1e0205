import { BackendState, FilterKind, ServiceFlag } from "../layout/structs.ts";
import type { Cidr, ObjectKey } from "../model/objects.ts";
import type { Arrays } from "./arrays.ts";
import { identityKey, type PortIdentity } from "./desired.ts";
import { EchoUses } from "./echo-uses.ts";
import { filterHashes } from "./filter-hash.ts";
import { FilterRefs } from "./filter-refs.ts";
import { frontendService, frontendValue } from "./frontend-value.ts";
import { IdPool } from "./id-pool.ts";
import { Movers } from "./movers.ts";
import type { PrefixMap, Write } from "./order.ts";
import { type Range, RangePool } from "./range-pool.ts";
import { newRecord, type PortRecord } from "./record.ts";
import { NO_SERVICE_RANGE } from "./service-range.ts";
import { type TupleKey, unpackTuple } from "./tuple.ts";

/**
 * What the maps hold, as far as it cannot be read from their memory: whose each id and range is,
 * what the hash maps contain, who wants which filter bit.
 */
export class State {
	readonly arrays: Arrays;
	readonly serviceIds: IdPool;
	readonly backendIds: IdPool;
	readonly ranges: RangePool;
	readonly filter: FilterRefs;
	readonly records = new Map<string, PortRecord>();
	/** Frontends in the map -> frontendValue(). */
	readonly frontends = new Map<TupleKey, number>();
	readonly movers = new Movers(this.frontends);
	/** Prefixes in the maps of that name. */
	readonly prefixes: Readonly<Record<PrefixMap, Set<Cidr>>> = {
		sources: new Set(),
		service_cidrs: new Set(),
	};
	/** What control.service_v4 and service_v6 say, see serviceRangeWords(). */
	serviceRange: readonly bigint[] = NO_SERVICE_RANGE;
	/** Those words were found to be right for the prefixes in service_cidrs. */
	isServiceRangeSettled = false;
	readonly echo = new EchoUses();
	/**
	 * Tombstones in the map, oldest first -> ids of the service ports that the endpoint left. The map
	 * has the last of them only, so that a restarted agent knows no others.
	 */
	readonly tombstones = new Map<TupleKey, readonly number[]>();
	readonly #tombstonesOf = new Map<number, Set<TupleKey>>();
	/** Backend ids that are active or draining. */
	readonly #live: Uint8Array;
	readonly #byId = new Map<number, PortRecord>();
	readonly #byService = new Map<ObjectKey, PortRecord[]>();

	constructor(arrays: Arrays) {
		this.arrays = arrays;
		this.#live = new Uint8Array(arrays.backendCount);
		this.serviceIds = new IdPool(1, arrays.serviceCount);
		this.backendIds = new IdPool(1, arrays.backendCount);
		this.ranges = new RangePool(arrays.slotCount);
		this.filter = new FilterRefs(arrays.filterBits);
	}

	addRecord(identity: PortIdentity, id: number): PortRecord {
		const record = newRecord(identity, id);
		this.records.set(identityKey(identity), record);
		this.#byId.set(id, record);
		const siblings = this.#byService.get(record.service);
		if (siblings) siblings.push(record);
		else this.#byService.set(record.service, [record]);
		return record;
	}

	forgetRecord(record: PortRecord): void {
		this.records.delete(identityKey(record.identity));
		this.#byId.delete(record.id);
		const siblings = (this.#byService.get(record.service) ?? []).filter((one) => one !== record);
		if (siblings.length > 0) this.#byService.set(record.service, siblings);
		else this.#byService.delete(record.service);
	}

	/** A service id for a new record, if there is one. */
	takeService(): number | undefined {
		const id = this.serviceIds.take();
		if (id !== undefined) this.arrays.services.reach(id + 1);
		return id;
	}

	/** A backend id, if there is one. */
	takeBackend(): number | undefined {
		const id = this.backendIds.take();
		if (id !== undefined) this.arrays.backends.reach(id + 1);
		return id;
	}

	/** Slots for a set of `count` backends, if there are so many side by side. */
	takeRange(count: number): Range | undefined {
		const range = this.ranges.take(count);
		if (range) this.arrays.slots.reach(range.base + range.count);
		return range;
	}

	/** What has never been handed out is not in use: to be called once all that is, is taken. */
	keepUsed(): void {
		this.arrays.services.keep(this.serviceIds.end);
		this.arrays.backends.keep(this.backendIds.end);
		this.arrays.slots.keep(this.ranges.end);
	}

	recordOf(id: number): PortRecord | undefined {
		return this.#byId.get(id);
	}

	recordsOf(service: ObjectKey): readonly PortRecord[] {
		return this.#byService.get(service) ?? [];
	}

	/** Keys of all Services that have records. */
	serviceKeys(): IterableIterator<ObjectKey> {
		return this.#byService.keys();
	}

	/** Numbers of the bits in the filter that a tuple needs. kind is enum filter_kind. */
	filterBits(kind: number, key: TupleKey): readonly number[] {
		const { addr, port, proto } = unpackTuple(key);
		return filterHashes(kind, addr, port, proto).map((hash) => (hash & this.filter.mask) >>> 0);
	}

	/** An entry of the maps wants the bits of its tuple. */
	acquireBits(kind: number, key: TupleKey): void {
		for (const bit of this.filterBits(kind, key)) this.filter.acquire(bit);
	}

	/** The entry is gone. */
	dropBits(kind: number, key: TupleKey, now: number): void {
		for (const bit of this.filterBits(kind, key)) this.filter.drop(bit, now);
	}

	/** Whether the backend is active or draining. */
	isLive(id: number): boolean {
		return this.#live[id] === 1;
	}

	isPresent(service: number): boolean {
		return (this.arrays.serviceFlags(service) & ServiceFlag.SERVICE_PRESENT) !== 0;
	}

	/** Tombstones of endpoints that left a service port. */
	tombstonesOf(service: number): ReadonlySet<TupleKey> {
		return this.#tombstonesOf.get(service) ?? new Set();
	}

	/** The memory says that the backend is now in that state. */
	backendChanged(id: number, to: number): void {
		const live = to === BackendState.BACKEND_GONE ? 0 : 1;
		if (this.#live[id] === live) return;
		this.#live[id] = live;
		if (live) this.backendIds.wake(id);
	}

	/** Follows a write that has been made. */
	applied(write: Write, now: number): void {
		switch (write.kind) {
			case "name":
			case "name-gone":
				this.#named(write.service, write.kind === "name");
				break;
			case "backend":
				this.acquireBits(FilterKind.FILTER_BACKEND, write.key);
				break;
			case "backend-up":
			case "backend-down":
				this.backendChanged(write.id, this.arrays.backendState(write.id));
				break;
			case "service":
				this.serviceIds.wake(write.id);
				break;
			case "frontend":
				this.movers.note(write.key, write.service);
				this.frontendAdded(write.key, write.service, write.flags);
				break;
			case "frontend-gone":
				this.#frontendGone(write.key, now);
				break;
			case "range":
				this.rangeAdded(write.service, write.cidr);
				break;
			case "range-gone":
				this.#rangeGone(write.service, write.cidr);
				break;
			case "prefix":
				this.prefixes[write.map].add(write.cidr);
				break;
			case "prefix-gone":
				this.prefixes[write.map].delete(write.cidr);
				break;
			case "service-range":
				this.serviceRange = write.words;
				break;
			case "tombstone":
				this.tombstoneAdded(write.key, write.services);
				break;
			case "tombstone-gone":
				this.#tombstoneGone(write.key, now);
				break;
			default:
				break;
		}
	}

	/** The frontends map has an entry that leads to `service`. */
	frontendAdded(key: TupleKey, service: number, flags: number): void {
		const before = this.frontends.get(key);
		if (before === undefined) {
			this.acquireBits(FilterKind.FILTER_FRONTEND, key);
		} else {
			this.#takeFrontend(before, key);
		}
		this.frontends.set(key, frontendValue(service, flags));
		const record = this.#byId.get(service);
		if (record) record.frontends = [...record.frontends, key];
	}

	/** The ranges map has an entry for a service port; false: for none that is known. */
	rangeAdded(service: number, cidr: Cidr): boolean {
		const record = this.#byId.get(service);
		if (record && !record.sourceRanges.includes(cidr)) {
			record.sourceRanges = [...record.sourceRanges, cidr];
		}
		return record !== undefined;
	}

	/** The tombstones map has an entry for an endpoint that left `services`, and those only. */
	tombstoneAdded(key: TupleKey, services: readonly number[]): void {
		if (this.tombstones.has(key)) this.#forgetTombstone(key);
		else this.acquireBits(FilterKind.FILTER_TOMBSTONE, key);
		this.tombstones.set(key, services);
		for (const service of services) {
			const siblings = this.#tombstonesOf.get(service);
			if (siblings) siblings.add(key);
			else this.#tombstonesOf.set(service, new Set([key]));
		}
	}

	#tombstoneGone(key: TupleKey, now: number): void {
		if (!this.tombstones.has(key)) return;
		this.#forgetTombstone(key);
		this.dropBits(FilterKind.FILTER_TOMBSTONE, key, now);
	}

	#forgetTombstone(key: TupleKey): void {
		for (const service of this.tombstones.get(key) ?? []) {
			const siblings = this.#tombstonesOf.get(service);
			siblings?.delete(key);
			if (siblings?.size === 0) this.#tombstonesOf.delete(service);
		}
		this.tombstones.delete(key);
	}

	#rangeGone(service: number, cidr: Cidr): void {
		const record = this.#byId.get(service);
		if (record) record.sourceRanges = record.sourceRanges.filter((other) => other !== cidr);
	}

	#frontendGone(key: TupleKey, now: number): void {
		const before = this.frontends.get(key);
		if (before === undefined) return;
		this.#takeFrontend(before, key);
		this.frontends.delete(key);
		this.dropBits(FilterKind.FILTER_FRONTEND, key, now);
	}

	/** A list, since most records have one or two, for which a Set is ten times as large. */
	#takeFrontend(value: number, key: TupleKey): void {
		const record = this.#byId.get(frontendService(value));
		if (record) record.frontends = record.frontends.filter((other) => other !== key);
	}

	#named(id: number, named: boolean): void {
		const record = this.#byId.get(id);
		if (record) record.named = named;
	}
}
