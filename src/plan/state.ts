import { BackendState, FilterKind, ServiceFlag } from "../layout/structs.ts";
import type { ObjectKey } from "../model/objects.ts";
import type { Arrays } from "./arrays.ts";
import { identityKey, type PortIdentity } from "./desired.ts";
import { filterHash } from "./filter-hash.ts";
import { FilterRefs } from "./filter-refs.ts";
import { IdPool } from "./id-pool.ts";
import type { Write } from "./order.ts";
import { RangePool } from "./range-pool.ts";
import { newRecord, type PortRecord } from "./record.ts";
import { type TupleKey, unpackTuple } from "./tuple.ts";

const TWO_TO_32 = 2 ** 32;

/** A frontend's service id and flags as one number. */
export function frontendValue(service: number, flags: number): number {
	return flags * TWO_TO_32 + service;
}

/** The service id in a frontendValue(). */
export function frontendService(value: number): number {
	return value % TWO_TO_32;
}

/** The flags in a frontendValue(). */
export function frontendFlags(value: number): number {
	return Math.floor(value / TWO_TO_32);
}

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

	/** Number of a tuple's bit in the filter. kind is enum filter_kind. */
	filterBit(kind: number, key: TupleKey): number {
		const { addr, port, proto } = unpackTuple(key);
		return (filterHash(kind, addr, port, proto) & this.filter.mask) >>> 0;
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
				this.filter.acquire(this.filterBit(FilterKind.FILTER_BACKEND, write.key));
				break;
			case "backend-up":
			case "backend-down":
				this.backendChanged(write.id, this.arrays.backendState(write.id));
				break;
			case "service":
				this.serviceIds.wake(write.id);
				break;
			case "frontend":
				this.frontendAdded(write.key, write.service, write.flags);
				break;
			case "frontend-gone":
				this.#frontendGone(write.key, now);
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
			this.filter.acquire(this.filterBit(FilterKind.FILTER_FRONTEND, key));
		} else {
			this.#byId.get(frontendService(before))?.frontends.delete(key);
		}
		this.frontends.set(key, frontendValue(service, flags));
		this.#byId.get(service)?.frontends.add(key);
	}

	/** The tombstones map has an entry for an endpoint that left `services`, and those only. */
	tombstoneAdded(key: TupleKey, services: readonly number[]): void {
		if (this.tombstones.has(key)) this.#forgetTombstone(key);
		else this.filter.acquire(this.filterBit(FilterKind.FILTER_TOMBSTONE, key));
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
		this.filter.drop(this.filterBit(FilterKind.FILTER_TOMBSTONE, key), now);
	}

	#forgetTombstone(key: TupleKey): void {
		for (const service of this.tombstones.get(key) ?? []) {
			const siblings = this.#tombstonesOf.get(service);
			siblings?.delete(key);
			if (siblings?.size === 0) this.#tombstonesOf.delete(service);
		}
		this.tombstones.delete(key);
	}

	#frontendGone(key: TupleKey, now: number): void {
		const before = this.frontends.get(key);
		if (before === undefined) return;
		this.#byId.get(frontendService(before))?.frontends.delete(key);
		this.frontends.delete(key);
		this.filter.drop(this.filterBit(FilterKind.FILTER_FRONTEND, key), now);
	}

	#named(id: number, named: boolean): void {
		const record = this.#byId.get(id);
		if (record) record.named = named;
	}
}
