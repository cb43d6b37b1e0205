import type { Cluster } from "../model/cluster.ts";
import { planAddresses, planPrefixes } from "../plan/plan-node.ts";
import type { State } from "../plan/state.ts";
import type { Applier } from "./applier.ts";
import type { Slicer } from "./slicer.ts";

/** Writes what belongs to no single Service: addresses as a whole, prefixes. */
export class NodeSync {
	readonly #state: State;
	readonly #cluster: Cluster;
	readonly #applier: Applier;

	constructor(state: State, cluster: Cluster, applier: Applier) {
		this.#state = state;
		this.#cluster = cluster;
		this.#applier = applier;
	}

	/** Returns the maps that were full. Throws when a write fails: the next call makes it good. */
	async run(now: number, slicer: Slicer): Promise<Set<string>> {
		for (const address of this.#cluster.takeFreedAddresses()) this.#state.echo.unsettle(address);
		const writes = [
			...planAddresses(this.#state, (address) => this.#cluster.hasAddress(address)),
			...planPrefixes(this.#state, this.#cluster),
		];
		return this.#applier.all(writes, now, slicer);
	}
}
