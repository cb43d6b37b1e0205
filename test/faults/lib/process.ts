import { Died } from "../../../src/dataplane/faulty.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts, WriteTarget } from "../../../src/sync/maps.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import { NODE, TestTiming } from "../../unit/sync/lib.ts";
import { StoreByStore } from "./stores.ts";

/** Two seconds without changes, then a pass over empty flow tables: what rested is released. */
export const REST = "rest";

export type Step = readonly Change[] | typeof REST;

export interface ProcessOptions {
	/** Called after each store. */
	readonly onStore?: () => void;
	/** Maps as the process sees them, when something stands between; default: the maps themselves. */
	readonly seen?: SyncPorts;
}

/** One life of an agent's pure part over maps that outlive it. */
export class Process {
	readonly maps: SyncPorts;
	readonly cluster = new Cluster(NODE);
	readonly syncer: Syncer;
	readonly timing = new TestTiming();
	/** Stores made so far. */
	stores = 0;
	readonly #onStore: () => void;
	#lifetime = Number.POSITIVE_INFINITY;

	constructor(maps: SyncPorts, { onStore, seen = maps }: ProcessOptions = {}) {
		this.maps = maps;
		this.#onStore = onStore ?? (() => undefined);
		const intercept = (target: WriteTarget): WriteTarget => new StoreByStore(maps, target, this);
		this.syncer = new Syncer(this.cluster, seen, { timing: this.timing, intercept });
	}

	/** It dies when it has made that many stores more. */
	dieAfter(stores: number): void {
		this.#lifetime = this.stores + stores;
	}

	before(): void {
		if (this.isDead) throw new Died("store", String(this.stores + 1));
	}

	after(): void {
		this.stores++;
		this.#onStore();
	}

	/** It will not make another store. */
	get isDead(): boolean {
		return this.stores >= this.#lifetime;
	}

	/** Reads back the maps and makes them what the objects say. */
	async start(objects: readonly Change[]): Promise<this> {
		this.cluster.apply(objects);
		await this.#survive(async () => {
			await this.syncer.adopt();
			await this.syncer.syncOnce();
		});
		return this;
	}

	async step(step: Step): Promise<void> {
		await this.#survive(async () => {
			if (step !== REST) {
				this.cluster.apply(step);
				await this.syncer.syncOnce();
				return;
			}
			this.timing.ms += 2000;
			await this.syncer.syncOnce();
			await this.syncer.endFlowPass(this.syncer.beginFlowPass());
		});
	}

	dump(): string {
		return dumpMaps(this.maps);
	}

	/** Looks again at what failed, when it is time. */
	async retry(): Promise<void> {
		this.timing.ms += 1100;
		await this.#survive(async () => void (await this.syncer.syncOnce()));
	}

	/** The end that a test has asked for is no failure. */
	async #survive(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			if (!(error instanceof Died)) throw error;
		}
	}
}
