import type { MapPort } from "../dataplane/port.ts";
import { Table, U32 } from "../dataplane/table.ts";
import {
	Frontend,
	FrontendKey,
	packFrontendWord,
	ServiceName,
	Tombstone,
	TombstoneKey,
} from "../layout/structs.ts";
import { type ArrayMaps, Arrays } from "../plan/arrays.ts";
import type { Write } from "../plan/order.ts";
import { unpackTuple } from "../plan/tuple.ts";

/** The maps that the syncer keeps right. */
export interface SyncPorts {
	readonly services: MapPort;
	readonly slots: MapPort;
	readonly backends: MapPort;
	readonly filter: MapPort;
	readonly backend_stats: MapPort;
	readonly service_stats: MapPort;
	readonly frontends: MapPort;
	readonly names: MapPort;
	readonly tombstones: MapPort;
}

/** Where writes go. */
export interface WriteTarget {
	/** Makes one write; throws BpfError when the kernel refuses it. */
	apply(write: Write): void;
}

/** The maps as arrays and tables, and the only place that turns a Write into bytes. */
export class SyncMaps implements WriteTarget {
	readonly arrays: Arrays;
	readonly frontends: Table<FrontendKey, Frontend>;
	readonly names: Table<number, ServiceName>;
	readonly tombstones: Table<TombstoneKey, Tombstone>;

	constructor(ports: SyncPorts) {
		this.arrays = new Arrays(
			arraysOf(ports, (port) => port.memory()),
			arraysOf(ports, (port) => port.info.maxEntries),
		);
		this.frontends = new Table(ports.frontends, FrontendKey, Frontend);
		this.names = new Table(ports.names, U32, ServiceName);
		this.tombstones = new Table(ports.tombstones, TombstoneKey, Tombstone);
	}

	apply(write: Write): void {
		if (this.arrays.apply(write)) return;
		switch (write.kind) {
			case "name":
				this.names.set(write.service, { ns: write.namespace, name: write.name, port: write.port });
				break;
			case "name-gone":
				this.names.delete(write.service);
				break;
			case "frontend": {
				const word = packFrontendWord({ service: write.service, flags: write.flags });
				this.frontends.set(unpackTuple(write.key), { word });
				break;
			}
			case "frontend-gone":
				this.frontends.delete(unpackTuple(write.key));
				break;
			case "tombstone":
				this.tombstones.set(unpackTuple(write.key), { service: write.services.at(-1) ?? 0 });
				break;
			case "tombstone-gone":
				this.tombstones.delete(unpackTuple(write.key));
				break;
			default:
				throw new Error(`No map takes a write of kind ${write.kind}.`);
		}
	}
}

function arraysOf<T>(ports: SyncPorts, of: (port: MapPort) => T): ArrayMaps<T> {
	return {
		services: of(ports.services),
		slots: of(ports.slots),
		backends: of(ports.backends),
		filter: of(ports.filter),
		backend_stats: of(ports.backend_stats),
		service_stats: of(ports.service_stats),
	};
}
