import type { MapPort } from "../dataplane/port.ts";
import { Table, U32 } from "../dataplane/table.ts";
import {
	BackendStats,
	Control,
	Frontend,
	FrontendKey,
	Prefix,
	PrefixFlag,
	packFrontendWord,
	RangeKey,
	ServiceName,
	ServiceStats,
	SourceKey,
	Tombstone,
	TombstoneKey,
} from "../layout/structs.ts";
import { bytesToCIDR, cidrToBytes } from "../model/cidr.ts";
import type { Cidr } from "../model/objects.ts";
import { Arrays } from "../plan/arrays.ts";
import type { PrefixMap, Write } from "../plan/order.ts";
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
	readonly ranges: MapPort;
	readonly sources: MapPort;
	readonly service_cidrs: MapPort;
	readonly control: MapPort;
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
	readonly ranges: Table<RangeKey, Prefix>;
	readonly prefixes: Readonly<Record<PrefixMap, Table<SourceKey, Prefix>>>;
	readonly #control: MapPort;
	readonly #backendStats: Table<number, BackendStats>;
	readonly #serviceStats: Table<number, ServiceStats>;

	constructor(ports: SyncPorts) {
		this.arrays = new Arrays(ports);
		this.#control = ports.control;
		this.#backendStats = new Table(ports.backend_stats, U32, BackendStats);
		this.#serviceStats = new Table(ports.service_stats, U32, ServiceStats);
		this.frontends = new Table(ports.frontends, FrontendKey, Frontend);
		this.names = new Table(ports.names, U32, ServiceName);
		this.tombstones = new Table(ports.tombstones, TombstoneKey, Tombstone);
		this.ranges = new Table(ports.ranges, RangeKey, Prefix);
		this.prefixes = {
			sources: new Table(ports.sources, SourceKey, Prefix),
			service_cidrs: new Table(ports.service_cidrs, SourceKey, Prefix),
		};
	}

	/** Connections that began and have not ended; also sockets, of which no flow tells. */
	openConnections(backend: number): bigint {
		const { connections = 0n, closed = 0n } = this.#backendStats.get(backend) ?? {};
		return connections - closed;
	}

	/** What tells most packets from those for ServiceCIDRs, see serviceRangeWords(). */
	serviceRange(): readonly bigint[] {
		return [...this.#rangeWords()];
	}

	/** service_v4 and service_v6, which follow each other. */
	#rangeWords(): BigUint64Array {
		return new BigUint64Array(this.#control.memory(), Control.OFFSET.service_v4, 4);
	}

	apply(write: Write): void {
		if (write.kind === "backend-free") this.#backendStats.clear(write.id);
		if (write.kind === "service-free") this.#serviceStats.clear(write.id);
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
			case "range":
				this.ranges.set(rangeKey(write.service, write.cidr), PRESENT);
				break;
			case "range-gone":
				this.ranges.delete(rangeKey(write.service, write.cidr));
				break;
			case "prefix":
				this.prefixes[write.map].set(sourceKey(write.cidr), PRESENT);
				break;
			case "service-range":
				this.#rangeWords().set(write.words);
				break;
			case "prefix-gone":
				this.prefixes[write.map].delete(sourceKey(write.cidr));
				break;
			default:
				throw new Error(`No map takes a write of kind ${write.kind}.`);
		}
	}
}

const PRESENT: Prefix = { flags: PrefixFlag.PREFIX_PRESENT };

/** Bits of the service id, in front of the address. */
const SERVICE_BITS = 32;

function rangeKey(service: number, cidr: Cidr): RangeKey {
	const { addr, length } = cidrToBytes(cidr);
	return { prefixlen: SERVICE_BITS + length, service, addr };
}

function sourceKey(cidr: Cidr): SourceKey {
	const { addr, length } = cidrToBytes(cidr);
	return { prefixlen: length, addr };
}

/** The prefix in a key of the ranges map. */
export function rangeCIDR({ prefixlen, addr }: RangeKey): Cidr {
	return bytesToCIDR(addr, prefixlen - SERVICE_BITS);
}

/** The prefix in a key of the sources or the service_cidrs map. */
export function sourceCIDR({ prefixlen, addr }: SourceKey): Cidr {
	return bytesToCIDR(addr, prefixlen);
}
