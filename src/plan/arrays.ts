import {
	Backend,
	BackendState,
	BackendStats,
	MAPS,
	packBackendWord,
	Service,
	ServiceFlag,
	ServiceStats,
	type SetWordParts,
	unpackBackendWord,
	unpackSetWord,
} from "../layout/structs.ts";
import type { Write } from "./order.ts";
import { type TupleKey, tupleKey } from "./tuple.ts";
import { zeroElement } from "./words.ts";

/** The array maps: memory, which may be rounded up to whole pages, or numbers of elements. */
export interface ArrayMaps<T> {
	readonly services: T;
	readonly slots: T;
	readonly backends: T;
	readonly filter: T;
	readonly backend_stats: T;
	readonly service_stats: T;
}

const SLOT_WORDS = MAPS.slots.stride / 4;
const BACKEND_WORDS = Backend.SIZE / 4;
const SERVICE_WORDS64 = Service.SIZE / 8;

/**
 * Services, slots, backends and filter as the programs see them. What the maps hold is read from
 * here, never from a copy. Words that programs read are stored atomically.
 */
export class Arrays {
	readonly serviceCount: number;
	readonly slotCount: number;
	readonly backendCount: number;
	/** Bits in the filter. */
	readonly filterBits: number;
	readonly #services: DataView;
	readonly #serviceWords: BigUint64Array;
	readonly #slots: Uint32Array;
	readonly #backends: DataView;
	readonly #backendBytes: Uint8Array;
	readonly #backendWords: Uint32Array;
	readonly #filter: Uint32Array;
	readonly #backendStats: DataView;
	readonly #backendStatsWords: BigUint64Array;
	readonly #serviceStatsWords: BigUint64Array;

	constructor(memory: ArrayMaps<ArrayBuffer>, counts: ArrayMaps<number>) {
		this.#services = new DataView(memory.services);
		this.#serviceWords = new BigUint64Array(memory.services);
		this.#slots = new Uint32Array(memory.slots);
		this.#backends = new DataView(memory.backends);
		this.#backendBytes = new Uint8Array(memory.backends);
		this.#backendWords = new Uint32Array(memory.backends);
		this.#filter = new Uint32Array(memory.filter);
		this.#backendStats = new DataView(memory.backend_stats);
		this.#backendStatsWords = new BigUint64Array(memory.backend_stats);
		this.#serviceStatsWords = new BigUint64Array(memory.service_stats);
		this.serviceCount = counts.services;
		this.slotCount = counts.slots;
		this.backendCount = counts.backends;
		this.filterBits = counts.filter * 64;
	}

	service(id: number): Service {
		return Service.decode(this.#services, id * Service.SIZE);
	}

	/** enum service_flag */
	serviceFlags(id: number): number {
		return this.#services.getUint32(id * Service.SIZE + Service.OFFSET.flags, true);
	}

	/** IPPROTO_*; 0: the id was never used, or is free. */
	serviceProto(id: number): number {
		return this.#services.getUint8(id * Service.SIZE + Service.OFFSET.proto);
	}

	set(id: number, local: boolean): SetWordParts {
		return unpackSetWord(Atomics.load(this.#serviceWords, setIndex(id, local)));
	}

	slot(index: number): number {
		return this.#slots[index * SLOT_WORDS] ?? 0;
	}

	/** One after the last slot that is not zero. */
	slotsEnd(): number {
		let end = this.slotCount;
		while (end > 0 && this.slot(end - 1) === 0) end--;
		return end;
	}

	backend(id: number): Backend {
		return Backend.decode(this.#backends, id * Backend.SIZE);
	}

	backendState(id: number): number {
		return unpackBackendWord(this.#backendWord(id)).state;
	}

	backendGeneration(id: number): number {
		return unpackBackendWord(this.#backendWord(id)).generation;
	}

	/** Service id that the backend belongs to; 0: none. */
	backendOwner(id: number): number {
		return this.#backendWords[id * BACKEND_WORDS + Backend.OFFSET.service / 4] ?? 0;
	}

	backendFlags(id: number): number {
		return this.#backendBytes[id * Backend.SIZE + Backend.OFFSET.flags] ?? 0;
	}

	/** Address, port and protocol of a backend. */
	backendKey(id: number): TupleKey {
		const at = id * Backend.SIZE;
		const port = this.#backends.getUint16(at + Backend.OFFSET.port);
		const proto = this.#backends.getUint8(at + Backend.OFFSET.proto);
		return tupleKey(this.#backendBytes, at + Backend.OFFSET.addr, port, proto << 8);
	}

	/** Connections that began and have not ended; also sockets, of which no flow tells. */
	openConnections(id: number): bigint {
		const { connections, closed } = BackendStats.decode(this.#backendStats, id * BackendStats.SIZE);
		return connections - closed;
	}

	filterBit(bit: number): boolean {
		return (((this.#filter[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
	}

	/** Calls `found` with every bit that is set in words first .. end-1 of 32 bits. */
	filterBitsIn(first: number, end: number, found: (bit: number) => void): void {
		for (let word = first; word < end; word++) {
			const bits = this.#filter[word] ?? 0;
			if (bits === 0) continue;
			for (let i = 0; i < 32; i++) if ((bits >>> i) & 1) found(word * 32 + i);
		}
	}

	/** Makes a write, if it is one into these arrays; false: it is not. */
	apply(write: Write): boolean {
		switch (write.kind) {
			case "backend":
				this.#writeBackend(write);
				return true;
			case "backend-flags":
				this.#backendBytes[write.id * Backend.SIZE + Backend.OFFSET.flags] = write.flags;
				return true;
			case "backend-up":
			case "backend-down":
				Atomics.store(this.#backendWords, write.id * BACKEND_WORDS, write.word);
				return true;
			case "backend-free":
				this.#freeBackend(write);
				return true;
			case "slots":
				this.#writeSlots(write);
				return true;
			case "service":
				this.#writeService(write);
				return true;
			case "set":
			case "set-empty":
				Atomics.store(this.#serviceWords, setIndex(write.id, write.local), write.word);
				return true;
			case "service-free":
				this.#freeService(write.id);
				return true;
			case "service-gone":
				this.#services.setUint32(write.id * Service.SIZE + Service.OFFSET.flags, 0, true);
				return true;
			case "filter-set":
			case "filter-clear":
				this.#writeFilter(write.bit, write.kind === "filter-set");
				return true;
			default:
				return false;
		}
	}

	#backendWord(id: number): number {
		return Atomics.load(this.#backendWords, id * BACKEND_WORDS);
	}

	/** The word is stored first: nobody may take the new fields for the old backend's. */
	#writeBackend(write: Extract<Write, { kind: "backend" }>): void {
		const at = write.id * Backend.SIZE;
		const { generation, key } = write;
		const word = packBackendWord({ state: BackendState.BACKEND_GONE, generation });
		Atomics.store(this.#backendWords, write.id * BACKEND_WORDS, word);
		this.#backends.setUint32(at + Backend.OFFSET.service, write.owner, true);
		for (let i = 0; i < 9; i++)
			this.#backends.setUint16(at + Backend.OFFSET.addr + 2 * i, key.charCodeAt(i));
		this.#backends.setUint8(at + Backend.OFFSET.proto, key.charCodeAt(9) >> 8);
		this.#backends.setUint8(at + Backend.OFFSET.flags, write.flags);
		this.#backends.setUint32(at + Backend.OFFSET.weight, 1, true);
	}

	/** The generation stays, so that the next owner of the id gets another one. */
	#freeBackend(write: Extract<Write, { kind: "backend-free" }>): void {
		const word = packBackendWord({
			state: BackendState.BACKEND_GONE,
			generation: write.generation,
		});
		const at = write.id * BACKEND_WORDS;
		Atomics.store(this.#backendWords, at, word);
		this.#backendWords.fill(0, at + 1, at + BACKEND_WORDS);
		zeroElement(this.#backendStatsWords, write.id, BackendStats.SIZE);
	}

	#freeService(id: number): void {
		zeroElement(this.#serviceWords, id, Service.SIZE);
		zeroElement(this.#serviceStatsWords, id, ServiceStats.SIZE);
	}

	#writeSlots(write: Extract<Write, { kind: "slots" }>): void {
		let at = write.base * SLOT_WORDS;
		for (const id of write.ids) {
			this.#slots[at] = id;
			at += SLOT_WORDS;
		}
	}

	#writeService(write: Extract<Write, { kind: "service" }>): void {
		const at = write.id * Service.SIZE;
		this.#services.setUint32(at + Service.OFFSET.affinity_sec, write.affinitySec, true);
		this.#services.setUint8(at + Service.OFFSET.proto, write.proto);
		this.#services.setUint8(at + Service.OFFSET.family, write.family);
		this.#services.setUint32(at + Service.OFFSET.flags, ServiceFlag.SERVICE_PRESENT, true);
	}

	#writeFilter(bit: number, on: boolean): void {
		const mask = 1 << (bit & 31);
		if (on) Atomics.or(this.#filter, bit >>> 5, mask);
		else Atomics.and(this.#filter, bit >>> 5, ~mask);
	}
}

function setIndex(id: number, local: boolean): number {
	const offset = local ? Service.OFFSET.local_set : Service.OFFSET.cluster_set;
	return id * SERVICE_WORDS64 + offset / 8;
}
