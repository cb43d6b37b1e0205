import { reasonOf } from "../errors.ts";
import type { Cluster } from "../model/cluster.ts";
import type { ObjectKey } from "../model/objects.ts";
import type { Movers } from "../plan/movers.ts";
import { State } from "../plan/state.ts";
import { adopt, missingFilterBits } from "./adopt.ts";
import { Applier } from "./applier.ts";
import { Exclusive } from "./exclusive.ts";
import { Failures } from "./failures.ts";
import { FlowPass } from "./flow-pass.ts";
import { SyncMaps, type SyncPorts, type WriteTarget } from "./maps.ts";
import { NodeSync } from "./node-sync.ts";
import { type Orphans, orphanWrites } from "./orphans.ts";
import { releaseSets, releaseUnflowed } from "./release.ts";
import { type Run, ServiceSync } from "./service-sync.ts";
import { REAL_TIMING, Slicer, type Timing } from "./slicer.ts";
import {
	type AdoptResult,
	mapsStatus,
	type SyncResult,
	type SyncStatus,
	type SyncTrouble,
} from "./status.ts";

/** A Service that failed is not tried again before that, in ms. */
const RETRY_MS = 1000;

/** Stands for no Service in failures: addresses and prefixes. */
const NODE: ObjectKey = "node";

export interface SyncerOptions {
	readonly timing?: Timing;
	/** Stands between the syncer and the maps; for tests. */
	readonly intercept?: (target: WriteTarget) => WriteTarget;
}

/**
 * Keeps the maps as the cluster says, one Service at a time: what it should be, compared with what
 * the maps hold, the difference written. Running it twice writes nothing the second time.
 */
export class Syncer {
	readonly #cluster: Cluster;
	readonly #maps: SyncMaps;
	readonly #timing: Timing;
	readonly #applier: Applier;
	readonly #state: State;
	readonly #node: NodeSync;
	readonly #service: ServiceSync;
	/** Runs and releases take turns: each plans with what the other would change. */
	readonly #exclusive = new Exclusive();
	readonly #failures = new Failures();
	#orphans: Orphans | undefined;
	#retryAt = 0;
	#runs = 0;
	#synced = false;

	constructor(cluster: Cluster, ports: SyncPorts, options: SyncerOptions = {}) {
		this.#cluster = cluster;
		this.#timing = options.timing ?? REAL_TIMING;
		this.#maps = new SyncMaps(ports);
		this.#state = new State(this.#maps.arrays);
		const target = options.intercept?.(this.#maps) ?? this.#maps;
		this.#applier = new Applier(this.#state, target);
		this.#node = new NodeSync(this.#state, cluster, this.#applier);
		this.#service = new ServiceSync({
			state: this.#state,
			cluster,
			applier: this.#applier,
			failures: this.#failures,
			now: () => this.#timing.now(),
		});
	}

	/** For settings.filter_mask. */
	get filterMask(): number {
		return this.#state.filter.mask;
	}

	/** UDP frontends that came to a service port: their flows may have to be forgotten. */
	get movers(): Movers {
		return this.#state.movers;
	}

	/**
	 * Reads what the maps hold, also when that is nothing. To be called once, before all else. Writes
	 * nothing but filter bits that should be set and are not.
	 */
	async adopt(): Promise<AdoptResult> {
		const state = this.#state;
		const slicer = new Slicer(this.#timing);
		this.#orphans = await adopt(state, this.#maps, slicer, this.#timing.now());
		const missing = await missingFilterBits(state, slicer);
		for (const bit of missing) this.#applier.one({ kind: "filter-set", bit }, this.#timing.now());
		const { names, services, backends, ranges } = this.#orphans;
		return {
			services: state.records.size,
			frontends: state.frontends.size,
			backends: [...state.records.values()].reduce((sum, one) => sum + one.backends.length, 0),
			orphans: names.length + services.length + backends.length + ranges.length,
			filterBits: missing.length,
		};
	}

	/**
	 * Writes what changed since the last run. The first complete run looks at everything, and removes
	 * what the maps hold of Services that do not exist: it must not come before the objects have been
	 * listed. Runs before it, when some objects that exist could not be read, leave what was adopted
	 * and is missing as it is. Never throws for one Service's sake: it fails, the others go on.
	 */
	syncOnce(isComplete = true): Promise<SyncResult> {
		return this.#exclusive.run(() => this.#sync(isComplete));
	}

	async #sync(isComplete: boolean): Promise<SyncResult> {
		const run: Run = {
			pending: this.#takePending(isComplete),
			passing: new Set(),
			triggers: [],
			slicer: new Slicer(this.#timing),
		};
		const before = this.#applier.count;
		const limit = this.#maps.tombstones.port.info.maxEntries;
		releaseSets(this.#state, this.#applier, limit, this.#timing.now());
		const services = [...run.pending];
		for (const key of this.#vanishedFirst(run.pending)) {
			if (run.pending.has(key)) await this.#service.run(key, run);
			await run.slicer.turn();
		}
		for (const key of run.passing) await this.#service.run(key, run);
		if (isComplete) {
			await this.#syncNode(run.slicer);
			if (!this.#synced) await this.#removeOrphans(run.slicer);
			this.#synced = true;
		}
		this.#runs++;
		// Only once it is over: runs for other changes must not put it off for ever.
		if (this.#failures.size > 0 && this.#timing.now() >= this.#retryAt)
			this.#retryAt = this.#timing.now() + RETRY_MS;
		const writes = this.#applier.count - before;
		return { services, writes, failed: this.#failures.size, triggers: run.triggers };
	}

	/** Has every Service, and everything in the maps, looked at by the next run. */
	markAllDirty(): void {
		for (const key of this.#cluster.keys()) this.#cluster.markDirty(key);
		for (const key of this.#state.serviceKeys()) this.#cluster.markDirty(key);
	}

	/** To be filled with all entries of the flow tables and handed to endFlowPass(). */
	beginFlowPass(): FlowPass {
		return new FlowPass(this.#timing.now(), this.filterMask);
	}

	/**
	 * Sets the bits that flows of a pass need and that are not set, as of frontends that are gone,
	 * which nothing else in the maps tells of. For a filter of a release that knew fewer bits.
	 */
	setFlowBits(pass: FlowPass): void {
		const now = this.#timing.now();
		for (const bit of pass.neededBits()) {
			if (this.#state.arrays.filterBit(bit)) continue;
			this.#applier.one({ kind: "filter-set", bit }, now);
			this.#state.filter.linger(bit, now);
		}
	}

	/** Frees ids and clears filter bits that no flow of a complete pass refers to. */
	async endFlowPass(pass: FlowPass): Promise<void> {
		if (!this.#synced) return;
		const [state, applier, slicer] = [this.#state, this.#applier, new Slicer(this.#timing)];
		const now = this.#timing.now();
		const openConnections = (backend: number) => this.#maps.openConnections(backend);
		const release = { state, applier, slicer, pass, openConnections, now };
		await this.#exclusive.run(() => releaseUnflowed(release));
	}

	trouble(): SyncTrouble {
		return this.#failures.trouble();
	}

	status(): SyncStatus {
		const own = { synced: this.#synced, writes: this.#applier.count, runs: this.#runs };
		return { ...this.trouble(), ...mapsStatus(this.#state), ...own };
	}

	#takePending(isComplete: boolean): Set<ObjectKey> {
		if (!this.#synced && isComplete) this.markAllDirty();
		const pending = this.#cluster.takeDirty();
		if (this.#runs === 0 && !isComplete) {
			for (const key of pending) if (this.#mayLack(key)) pending.delete(key);
		}
		if (this.#timing.now() >= this.#retryAt) {
			for (const key of this.#failures.keys()) pending.add(key);
		}
		return pending;
	}

	/** The maps hold the Service, and nothing says where its endpoints are. */
	#mayLack(key: ObjectKey): boolean {
		const slices = this.#cluster.view(key)?.slices ?? [];
		return slices.length === 0 && this.#state.recordsOf(key).length > 0;
	}

	#vanishedFirst(pending: ReadonlySet<ObjectKey>): ObjectKey[] {
		const vanished: ObjectKey[] = [];
		const existing: ObjectKey[] = [];
		for (const key of pending) (this.#cluster.has(key) ? existing : vanished).push(key);
		return [...vanished, ...existing];
	}

	async #syncNode(slicer: Slicer): Promise<void> {
		try {
			this.#failures.note(NODE, await this.#node.run(this.#timing.now(), slicer));
		} catch (error) {
			this.#failures.note(NODE, new Set(), reasonOf(error));
		}
	}

	async #removeOrphans(slicer: Slicer): Promise<void> {
		if (!this.#orphans) return;
		for (const write of orphanWrites(this.#state, this.#orphans, this.#cluster)) {
			this.#applier.one(write, this.#timing.now());
			await slicer.turn();
		}
		this.#orphans = undefined;
	}
}
