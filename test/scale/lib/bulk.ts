import { putObjects } from "../../../bench/agent/etcd.ts";
import {
	type ApiObject,
	clusterAddress,
	endpointAddresses,
	makeService,
	SERVICE_PORT,
	TARGET_PORT,
} from "../../../bench/lib/objects.ts";
import type { KubeObject } from "../../cluster/lib/api-client.ts";
import type { Cluster } from "../../cluster/lib/cluster.ts";
import { endpoint } from "../../lib/net/addresses.ts";
import type { FrontendName } from "../../lib/net/live.ts";

/** Writers at a time: what takes long is the API server's work. */
const WRITERS = 24;
/** Addresses that no Service of the bulk begins with. */
const FRESH_NET = 64;

/** How much there is of everything. */
export interface Size {
	readonly services: number;
	/** Of each Service. */
	readonly endpoints: number;
}

/** The Services and EndpointSlices of a big cluster, and what became of their endpoints. */
export class Bulk {
	readonly size: Size;
	/** Service -> addresses that new connections may get, as last written. */
	readonly #ready = new Map<number, readonly string[]>();
	#changes = 0;

	constructor(size: Size) {
		this.size = size;
	}

	/** Writes everything through the API, or puts it into the API server's store, which is quicker. */
	async store(cluster: Cluster, by: "api" | "etcd"): Promise<void> {
		const numbers = Array.from({ length: this.size.services }, (_, number) => number);
		if (by === "etcd") {
			putObjects(
				cluster.lab,
				numbers.flatMap((number) => this.#objects(number)),
			);
			return;
		}
		let next = 0;
		const writer = async (): Promise<void> => {
			while (next < numbers.length) {
				for (const object of this.#objects(next++)) {
					await cluster.plane.api.create(object as unknown as KubeObject);
				}
			}
		};
		await Promise.all(Array.from({ length: WRITERS }, writer));
	}

	/**
	 * The next change, of another Service's slice than those before: in turn one endpoint is replaced,
	 * one less, one terminates, and all are as at first.
	 */
	change(): { readonly number: number; readonly slice: ApiObject } {
		const change = this.#changes++;
		const { services, endpoints } = this.size;
		const number = change % services;
		const [first = "", ...others] = endpointAddresses(number, endpoints);
		const fresh = `10.${FRESH_NET + (change >> 16)}.${(change >> 8) & 255}.${change & 255}`;
		const turn = (change + Math.floor(change / services)) % 4;
		const ready = turn === 0 ? [fresh, ...others] : turn === 3 ? [first, ...others] : others;
		this.#ready.set(number, ready);
		const { slice } = makeService(number, ready);
		const leaving = turn === 2 ? [terminating(first)] : [];
		const all = [...(slice.endpoints as object[]), ...leaving];
		return { number, slice: { ...slice, endpoints: all } };
	}

	/** What the maps must hold of a Service: its address, and its endpoints as LiveMaps names them. */
	wanted(number: number): { readonly frontend: FrontendName; readonly backends: string[] } {
		const ready = this.#ready.get(number) ?? endpointAddresses(number, this.size.endpoints);
		return {
			frontend: { address: clusterAddress(number), port: SERVICE_PORT, protocol: "TCP" },
			backends: ready.map((address) => endpoint(address, TARGET_PORT)).sort(),
		};
	}

	#objects(number: number): ApiObject[] {
		const { service, slice } = makeService(number, endpointAddresses(number, this.size.endpoints));
		return [service, slice];
	}
}

function terminating(address: string): object {
	const conditions = { ready: false, serving: true, terminating: true };
	return { addresses: [address], conditions, nodeName: "elsewhere" };
}
