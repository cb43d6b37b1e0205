import {
	Backend,
	BackendState,
	FilterWord,
	MAPS,
	packBackendWord,
	Service,
	ServiceFlag,
	type SetWordParts,
	unpackBackendWord,
	unpackSetWord,
} from "../layout/structs.ts";
import { ArrayMemory, type ArrayPort } from "./array-memory.ts";
import type { Write } from "./order.ts";
import { type TupleKey, tupleKey } from "./tuple.ts";

/** The array maps that are read and written as memory. */
export interface ArrayPorts {
	readonly services: ArrayPort;
	readonly slots: ArrayPort;
	readonly backends: ArrayPort;
	readonly filter: ArrayPort;
}

const SLOT_WORDS = MAPS.slots.stride / 4;
const BACKEND_WORDS = Backend.SIZE / 4;
const SERVICE_WORDS64 = Service.SIZE / 8;

/**
 * Services, slots, backends and filter as the programs see them. What the maps hold is read from
 * here, never from a copy. Words that programs read are stored atomically.
 */
export class Arrays {
	readonly services: ArrayMemory;
	readonly slots: ArrayMemory;
	readonly backends: ArrayMemory;
	/** Bits in the filter. */
	readonly filterBits: number;
	readonly #filter: Uint32Array;

	constructor(ports: ArrayPorts) {
		this.services = new ArrayMemory(ports.services, Service.SIZE);
		this.slots = new ArrayMemory(ports.slots, MAPS.slots.stride);
		this.backends = new ArrayMemory(ports.backends, Backend.SIZE);
		this.#filter = new Uint32Array(ports.filter.memory());
		this.filterBits = ports.filter.info.maxEntries * FilterWord.SIZE * 8;
	}

	get serviceCount(): number {
		return this.services.count;
	}

	get slotCount(): number {
		return this.slots.count;
	}

	get backendCount(): number {
		return this.backends.count;
	}

	service(id: number): Service {
		return Service.decode(this.services.view, id * Service.SIZE);
	}

	/** enum service_flag */
	serviceFlags(id: number): number {
		return this.services.view.getUint32(id * Service.SIZE + Service.OFFSET.flags, true);
	}

	/** IPPROTO_*; 0: the id was never used, or is free. */
	serviceProto(id: number): number {
		return this.services.view.getUint8(id * Service.SIZE + Service.OFFSET.proto);
	}

	set(id: number, local: boolean): SetWordParts {
		return unpackSetWord(Atomics.load(this.services.longWords, setIndex(id, local)));
	}

	slot(index: number): number {
		return this.slots.words[index * SLOT_WORDS] ?? 0;
	}

	backend(id: number): Backend {
		return Backend.decode(this.backends.view, id * Backend.SIZE);
	}

	backendState(id: number): number {
		return unpackBackendWord(this.#backendWord(id)).state;
	}

	backendGeneration(id: number): number {
		return unpackBackendWord(this.#backendWord(id)).generation;
	}

	/** Service id that the backend belongs to; 0: none. */
	backendOwner(id: number): number {
		return this.backends.words[id * BACKEND_WORDS + Backend.OFFSET.service / 4] ?? 0;
	}

	backendFlags(id: number): number {
		return this.backends.bytes[id * Backend.SIZE + Backend.OFFSET.flags] ?? 0;
	}

	/** Address, port and protocol of a backend. */
	backendKey(id: number): TupleKey {
		const at = id * Backend.SIZE;
		const port = this.backends.view.getUint16(at + Backend.OFFSET.port);
		const proto = this.backends.view.getUint8(at + Backend.OFFSET.proto);
		return tupleKey(this.backends.bytes, at + Backend.OFFSET.addr, port, proto << 8);
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
				this.backends.bytes[write.id * Backend.SIZE + Backend.OFFSET.flags] = write.flags;
				return true;
			case "backend-up":
			case "backend-down":
				Atomics.store(this.backends.words, write.id * BACKEND_WORDS, write.word);
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
				Atomics.store(this.services.longWords, setIndex(write.id, write.local), write.word);
				return true;
			case "service-free":
				this.services.longWords.fill(
					0n,
					write.id * SERVICE_WORDS64,
					(write.id + 1) * SERVICE_WORDS64,
				);
				return true;
			case "service-gone":
				this.services.view.setUint32(write.id * Service.SIZE + Service.OFFSET.flags, 0, true);
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
		return Atomics.load(this.backends.words, id * BACKEND_WORDS);
	}

	/** The word is stored first: nobody may take the new fields for the old backend's. */
	#writeBackend(write: Extract<Write, { kind: "backend" }>): void {
		const at = write.id * Backend.SIZE;
		const { generation, key } = write;
		const word = packBackendWord({ state: BackendState.BACKEND_GONE, generation });
		Atomics.store(this.backends.words, write.id * BACKEND_WORDS, word);
		this.backends.view.setUint32(at + Backend.OFFSET.service, write.owner, true);
		for (let i = 0; i < 9; i++)
			this.backends.view.setUint16(at + Backend.OFFSET.addr + 2 * i, key.charCodeAt(i));
		this.backends.view.setUint8(at + Backend.OFFSET.proto, key.charCodeAt(9) >> 8);
		this.backends.view.setUint8(at + Backend.OFFSET.flags, write.flags);
		this.backends.view.setUint32(at + Backend.OFFSET.weight, 1, true);
	}

	/** The generation stays, so that the next owner of the id gets another one. */
	#freeBackend(write: Extract<Write, { kind: "backend-free" }>): void {
		const word = packBackendWord({
			state: BackendState.BACKEND_GONE,
			generation: write.generation,
		});
		const at = write.id * BACKEND_WORDS;
		Atomics.store(this.backends.words, at, word);
		this.backends.words.fill(0, at + 1, at + BACKEND_WORDS);
	}

	#writeSlots(write: Extract<Write, { kind: "slots" }>): void {
		let at = write.base * SLOT_WORDS;
		for (const id of write.ids) {
			this.slots.words[at] = id;
			at += SLOT_WORDS;
		}
	}

	#writeService(write: Extract<Write, { kind: "service" }>): void {
		const at = write.id * Service.SIZE;
		this.services.view.setUint32(at + Service.OFFSET.affinity_sec, write.affinitySec, true);
		this.services.view.setUint8(at + Service.OFFSET.proto, write.proto);
		this.services.view.setUint8(at + Service.OFFSET.family, write.family);
		this.services.view.setUint32(at + Service.OFFSET.flags, ServiceFlag.SERVICE_PRESENT, true);
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
