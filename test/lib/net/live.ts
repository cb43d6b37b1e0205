import { loadAddon } from "../../../src/dataplane/addon.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import {
	Backend,
	BackendState,
	BackendWord,
	Frontend,
	FrontendKey,
	MAPS,
	type MapName,
	Scope,
	Service,
	SetWord,
} from "../../../src/layout/structs.ts";
import type { Protocol } from "../../../src/model/objects.ts";
import { PROTOCOL_NUMBER } from "../../../src/plan/protocols.ts";
import { endpoint } from "./addresses.ts";

export interface FrontendName {
	readonly address: string;
	readonly port: number;
	readonly protocol: Protocol;
}

/** What an agent has written to its maps, read from their pins. */
export class LiveMaps {
	readonly #pins: PinPaths;
	readonly #memories = new Map<MapName, DataView>();

	constructor(pinPath: string) {
		this.#pins = new PinPaths(pinPath);
	}

	/** Backends of the frontend's cluster-wide set, sorted; undefined when there is no such frontend. */
	backends(frontend: FrontendName): string[] | undefined {
		const service = this.#service(frontend);
		if (service === undefined) return undefined;
		const memory = this.#memory("services");
		const set = Service.decode(memory, service * MAPS.services.stride).cluster_set;
		const base = Number(field(set, SetWord.SET_BASE_SHIFT, SetWord.SET_BASE_BITS));
		const count = Number(field(set, SetWord.SET_COUNT_SHIFT, SetWord.SET_COUNT_BITS));
		const slots = this.#memory("slots");
		const ids = Array.from({ length: count }, (_, index) =>
			slots.getUint32((base + index) * MAPS.slots.stride, true),
		);
		const backends = this.#memory("backends");
		return ids.map((id) => backendText(backends, id)).sort();
	}

	/** Entries of a hash map, by walking it. */
	count(name: MapName): number {
		const map = loadAddon().BpfMap.fromPin(this.#pins.map(name));
		let [count, cursor] = [0, undefined as Uint8Array | undefined];
		do {
			const page = map.lookupBatch(cursor, 4096);
			count += page.count;
			cursor = page.cursor;
		} while (cursor);
		map.close();
		return count;
	}

	/** Packets or calls refused for a reason (enum drop_reason), on all CPUs. */
	drops(reason: number): number {
		const map = loadAddon().BpfMap.fromPin(this.#pins.map("drops"));
		const key = new Uint8Array(4);
		new DataView(key.buffer).setUint32(0, reason, true);
		const values = map.lookup(key) ?? new Uint8Array();
		map.close();
		const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
		let sum = 0n;
		for (let at = 0; at < values.byteLength; at += 8) sum += view.getBigUint64(at, true);
		return Number(sum);
	}

	#service({ address, port, protocol }: FrontendName): number | undefined {
		const key = new Uint8Array(FrontendKey.SIZE);
		const fields = {
			addr: addressBytes(address),
			port,
			proto: PROTOCOL_NUMBER[protocol],
			scope: Scope.SCOPE_INTERNAL,
		};
		FrontendKey.encode(fields, new DataView(key.buffer), 0);
		const map = loadAddon().BpfMap.fromPin(this.#pins.map("frontends"));
		const value = map.lookup(key);
		map.close();
		if (value === undefined) return undefined;
		const { word } = Frontend.decode(new DataView(value.buffer, value.byteOffset), 0);
		return Number(word & 0xffffffffn);
	}

	/** A map's memory; mapped once, since mapping costs more than reading. */
	#memory(name: MapName): DataView {
		const known = this.#memories.get(name);
		if (known) return known;
		const memory = new DataView(loadAddon().BpfMap.fromPin(this.#pins.map(name)).memory());
		this.#memories.set(name, memory);
		return memory;
	}
}

function backendText(memory: DataView, id: number): string {
	const backend = Backend.decode(memory, id * MAPS.backends.stride);
	const state = field(
		BigInt(backend.word),
		BackendWord.BACKEND_STATE_SHIFT,
		BackendWord.BACKEND_STATE_BITS,
	);
	if (Number(state) === BackendState.BACKEND_GONE) return `gone ${id}`;
	return endpoint(addressText(backend.addr), backend.port);
}

function field(word: bigint, shift: number, bits: number): bigint {
	return (word >> BigInt(shift)) & ((1n << BigInt(bits)) - 1n);
}

/** The 16 bytes of an address; IPv4 as v4-mapped. */
export function addressBytes(text: string): Uint8Array {
	const bytes = new Uint8Array(16);
	const view = new DataView(bytes.buffer);
	if (!text.includes(":")) {
		view.setUint16(10, 0xffff);
		for (const [index, part] of text.split(".").entries()) bytes[12 + index] = Number(part);
		return bytes;
	}
	const [head = "", tail] = text.split("::");
	const words = (part: string) => part.split(":").filter(Boolean);
	for (const [index, word] of words(head).entries()) {
		view.setUint16(index * 2, Number.parseInt(word, 16));
	}
	const last = words(tail ?? "");
	for (const [index, word] of last.entries()) {
		view.setUint16(16 - (last.length - index) * 2, Number.parseInt(word, 16));
	}
	return bytes;
}

function addressText(bytes: Uint8Array): string {
	const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
	const mapped = view.getBigUint64(0) === 0n && view.getUint32(8) === 0xffff;
	if (mapped) return bytes.slice(12).join(".");
	const words = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
	const zeros = /(?:^|:)0(?::0)+(?::|$)/;
	return words.join(":").replace(zeros, "::");
}
