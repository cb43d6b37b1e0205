import type { MapPort } from "../../../src/dataplane/port.ts";
import {
	Backend,
	BackendState,
	BackendStats,
	MAPS,
	Service,
	ServiceStats,
	unpackBackendWord,
} from "../../../src/layout/structs.ts";
import { bytesToAddress } from "../../../src/model/address-bytes.ts";
import { SyncMaps, type SyncPorts } from "../../../src/sync/maps.ts";

const NAMES = Object.keys({
	services: 0,
	slots: 0,
	backends: 0,
	filter: 0,
	backend_stats: 0,
	service_stats: 0,
	frontends: 0,
	names: 0,
	tombstones: 0,
	ranges: 0,
	sources: 0,
	service_cidrs: 0,
	control: 0,
} satisfies Record<keyof SyncPorts, 0>) as (keyof SyncPorts)[];

/** Each of the maps changed by `change`. */
export function mapEach(
	maps: SyncPorts,
	change: (port: MapPort, name: keyof SyncPorts) => MapPort,
): SyncPorts {
	return Object.fromEntries(NAMES.map((name) => [name, change(maps[name], name)])) as {
		[name in keyof SyncPorts]: MapPort;
	};
}

/** Fills empty maps of the same sizes with what `from` holds: what the next process would find. */
export function copyInto(to: SyncPorts, from: SyncPorts): SyncPorts {
	for (const name of NAMES) {
		const [source, target] = [from[name], to[name]];
		if (MAPS[name].type === ARRAY) {
			new Uint8Array(target.memory()).set(new Uint8Array(source.memory()));
			continue;
		}
		let cursor: Uint8Array | undefined;
		do {
			const page = source.lookupBatch(cursor, 1024);
			target.updateBatch(page.keys, page.values, page.count);
			cursor = page.cursor;
		} while (cursor);
	}
	return to;
}

/** enum bpf_map_type */
const ARRAY = 2;

/** A backend id at one time: flows remember both numbers. */
export interface Incarnation {
	readonly id: number;
	readonly generation: number;
}

/** Active and draining backends, by "namespace/name:port address:port/proto". */
export function liveBackends(maps: SyncPorts): Map<string, Incarnation> {
	const { names } = new SyncMaps(maps);
	const owners = new Map(
		names.entries().map(([id, { ns, name, port }]) => [id, `${ns}/${name}:${port}`]),
	);
	const memory = new DataView(maps.backends.memory());
	const live = new Map<string, Incarnation>();
	for (let id = 1; id < maps.backends.info.maxEntries; id++) {
		const { word, service, addr, port, proto } = Backend.decode(memory, id * Backend.SIZE);
		const { state, generation } = unpackBackendWord(word);
		if (state === BackendState.BACKEND_GONE) continue;
		const key = `${owners.get(service) ?? "nobody"} ${bytesToAddress(addr)}:${port}/${proto}`;
		live.set(key, { id, generation });
	}
	return live;
}

/** Whether a flow of that backend would still be sent to it. */
export function isLive(maps: SyncPorts, { id, generation }: Incarnation): boolean {
	const word = new DataView(maps.backends.memory()).getUint32(id * Backend.SIZE, true);
	const now = unpackBackendWord(word);
	return now.state !== BackendState.BACKEND_GONE && now.generation === generation;
}

/** What is still in use although nothing needs it, when all rests are over: ids would run out. */
export function leftovers(maps: SyncPorts): string[] {
	return [...leftServices(maps), ...leftBackends(maps)];
}

function leftServices(maps: SyncPorts): string[] {
	const left: string[] = [];
	const memory = new DataView(maps.services.memory());
	const named = new Map(new SyncMaps(maps).names.entries());
	for (let id = 1; id < maps.services.info.maxEntries; id++) {
		const { flags, proto } = Service.decode(memory, id * Service.SIZE);
		if (flags !== 0) continue;
		if (proto !== 0) left.push(`service ${id} is gone and not free`);
		if (named.has(id)) left.push(`service ${id} is gone and has a name`);
		if (isUsed(maps.service_stats, id, ServiceStats.SIZE)) left.push(`service ${id} has counts`);
	}
	return left;
}

function leftBackends(maps: SyncPorts): string[] {
	const left: string[] = [];
	const memory = new DataView(maps.backends.memory());
	for (let id = 1; id < maps.backends.info.maxEntries; id++) {
		const { word, service } = Backend.decode(memory, id * Backend.SIZE);
		if (unpackBackendWord(word).state !== BackendState.BACKEND_GONE) continue;
		if (service !== 0) left.push(`backend ${id} is gone and belongs to service ${service}`);
		if (isUsed(maps.backend_stats, id, BackendStats.SIZE)) left.push(`backend ${id} has counts`);
	}
	return left;
}

function isUsed(stats: MapPort, id: number, size: number): boolean {
	return new BigUint64Array(stats.memory(), id * size, size / 8).some((count) => count !== 0n);
}

/** Traffic: everything that is live has counted a connection that began and ended. */
export function countTraffic(maps: SyncPorts): void {
	const backends = new DataView(maps.backends.memory());
	for (let id = 1; id < maps.backends.info.maxEntries; id++) {
		const { word, service } = Backend.decode(backends, id * Backend.SIZE);
		if (unpackBackendWord(word).state === BackendState.BACKEND_GONE) continue;
		for (const [port, of, size] of [
			[maps.backend_stats, id, BackendStats.SIZE],
			[maps.service_stats, service, ServiceStats.SIZE],
		] as const) {
			new BigUint64Array(port.memory(), of * size, size / 8).fill(1n);
		}
	}
}
