import { FilterKind, Flow, FlowDirection, FlowKey } from "../layout/structs.ts";
import { filterHashes } from "../plan/filter-hash.ts";

const key = FlowKey.OFFSET;
const value = Flow.OFFSET;
const UDP = 17;

/**
 * What one complete pass over the flow tables (flows, and overflow while it is in use) has seen:
 * which backends and services flows still name, and which filter bits their packets need. Made by
 * Syncer.beginFlowPass(), fed by whoever reads the tables, handed back to Syncer.endFlowPass().
 */
export class FlowPass {
	/** When the pass began, in the syncer's ms. */
	readonly startedMs: number;
	readonly #filterMask: number;
	readonly #bits: Uint8Array;
	readonly #backends = new Set<number>();
	readonly #services = new Set<number>();

	constructor(startedMs: number, filterMask: number) {
		this.startedMs = startedMs;
		this.#filterMask = filterMask;
		this.#bits = new Uint8Array((filterMask + 1) / 8);
	}

	/** Takes note of the first `count` entries of a page. */
	see(keys: Uint8Array, values: Uint8Array, count: number): void {
		const keyView = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
		const valueView = new DataView(values.buffer, values.byteOffset, values.byteLength);
		for (let i = 0; i < count; i++) {
			this.#seeKey(keyView, i * FlowKey.SIZE);
			const at = i * Flow.SIZE;
			this.#backends.add(valueView.getUint32(at + value.backend, true));
			this.#services.add(valueView.getUint32(at + value.service, true));
		}
	}

	usesBackend(id: number): boolean {
		return this.#backends.has(id);
	}

	usesService(id: number): boolean {
		return this.#services.has(id);
	}

	needsBit(bit: number): boolean {
		return (((this.#bits[bit >>> 3] ?? 0) >> (bit & 7)) & 1) === 1;
	}

	*neededBits(): Iterable<number> {
		for (const [index, byte] of this.#bits.entries()) {
			if (byte === 0) continue;
			for (let i = 0; i < 8; i++) if ((byte >> i) & 1) yield index * 8 + i;
		}
	}

	/**
	 * Forward packets are noticed by their destination, a frontend or the tombstone of a UDP endpoint;
	 * replies by their source.
	 */
	#seeKey(view: DataView, at: number): void {
		const forward = view.getUint8(at + key.direction) === FlowDirection.FLOW_FORWARD;
		const addrAt = view.byteOffset + at + (forward ? key.dst : key.src);
		const addr = new Uint8Array(view.buffer, addrAt, 16);
		const port = view.getUint16(at + (forward ? key.dport : key.sport));
		const proto = view.getUint8(at + key.proto);
		const kind = forward ? FilterKind.FILTER_FRONTEND : FilterKind.FILTER_BACKEND;
		this.#need(filterHashes(kind, addr, port, proto));
		if (forward && proto === UDP) {
			this.#need(filterHashes(FilterKind.FILTER_TOMBSTONE, addr, port, proto));
		}
	}

	#need(hashes: readonly number[]): void {
		for (const hash of hashes) {
			const bit = hash & this.#filterMask;
			this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
		}
	}
}
