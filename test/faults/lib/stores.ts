import type { MapPort } from "../../../src/dataplane/port.ts";
import { Backend, BackendStats, MAPS, Service, ServiceStats } from "../../../src/layout/structs.ts";
import type { Write } from "../../../src/plan/order.ts";
import type { SyncPorts, WriteTarget } from "../../../src/sync/maps.ts";

/** What stands around each single store into memory, and around each system call. */
export interface Around {
	/** May throw: the store is not made then, nor any of those that follow. */
	before(): void;
	after(): void;
}

/**
 * Makes writes one store at a time. A write of several stores (an element's fields, a range of slots)
 * is first made as a whole, then taken back and repeated word by word in the order in which Arrays
 * makes it: a process can end, and a program can look, between any two of them.
 */
export class StoreByStore implements WriteTarget {
	readonly #maps: SyncPorts;
	readonly #target: WriteTarget;
	readonly #around: Around;

	constructor(maps: SyncPorts, target: WriteTarget, around: Around) {
		this.#maps = maps;
		this.#target = target;
		this.#around = around;
	}

	apply(write: Write): void {
		const words = wordsOf(this.#maps, write);
		if (!words) {
			this.#around.before();
			this.#target.apply(write);
			this.#around.after();
			return;
		}
		const before = words.map(({ at, index }) => at[index]);
		this.#target.apply(write);
		const after = words.map(({ at, index }) => at[index]);
		for (const [i, { at, index }] of words.entries()) at[index] = before[i] ?? 0;
		for (const [i, { at, index }] of words.entries()) {
			if (after[i] === before[i]) continue;
			this.#around.before();
			at[index] = after[i] ?? 0;
			this.#around.after();
		}
	}
}

interface Word {
	readonly at: Uint32Array;
	readonly index: number;
}

/**
 * The words that a write of several stores goes to, in the order of Arrays; undefined: it is one
 * store, or one system call.
 */
function wordsOf(maps: SyncPorts, write: Write): Word[] | undefined {
	switch (write.kind) {
		case "backend":
			return words(maps.backends, write.id * Backend.SIZE, Backend.SIZE);
		case "backend-free":
			return [
				...words(maps.backend_stats, write.id * BackendStats.SIZE, BackendStats.SIZE),
				...words(maps.backends, write.id * Backend.SIZE, Backend.SIZE),
			];
		case "service": {
			const all = words(maps.services, write.id * Service.SIZE, Service.SIZE);
			const present = all.splice(Service.OFFSET.flags / 4, 1);
			return [...all, ...present];
		}
		case "service-free":
			return [
				...words(maps.service_stats, write.id * ServiceStats.SIZE, ServiceStats.SIZE),
				...words(maps.services, write.id * Service.SIZE, Service.SIZE),
			];
		case "slots": {
			const { stride } = MAPS.slots;
			return words(maps.slots, write.base * stride, write.ids.length * stride);
		}
		default:
			return undefined;
	}
}

function words(port: MapPort, byte: number, bytes: number): Word[] {
	const at = new Uint32Array(port.memory(), byte, bytes / 4);
	return Array.from({ length: bytes / 4 }, (_, index) => ({ at, index }));
}
