import type { Cluster, ServiceView } from "../model/cluster.ts";
import type { ObjectKey } from "../model/objects.ts";
import { type DesiredPort, desiredPorts, identityKey } from "../plan/desired.ts";
import { planPort, settlePort } from "../plan/plan-port.ts";
import type { PortRecord } from "../plan/record.ts";
import { State } from "../plan/state.ts";
import { adopt, missingFilterBits } from "./adopt.ts";
import { Applier } from "./applier.ts";
import { Exclusive } from "./exclusive.ts";
import { FlowPass } from "./flow-pass.ts";
import { handOverKeys } from "./hand-over.ts";
import { SyncMaps, type SyncPorts, type WriteTarget } from "./maps.ts";
import { type Orphans, orphanWrites } from "./orphans.ts";
import { releaseSets, releaseUnflowed } from "./release.ts";
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

/** One run under way. */
interface Run {
	/** Services that it has still to look at. */
	readonly pending: Set<ObjectKey>;
	readonly triggers: number[];
	readonly slicer: Slicer;
}

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
	/** Runs and releases take turns: each plans with what the other would change. */
	readonly #exclusive = new Exclusive();
	readonly #failures = new Map<ObjectKey, string>();
	readonly #fullMaps = new Map<ObjectKey, readonly string[]>();
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
	}

	/** For settings.filter_mask. */
	get filterMask(): number {
		return this.#state.filter.mask;
	}

	/**
	 * Reads what the maps hold, also when that is nothing. To be called once, before all else. Writes
	 * nothing but filter bits that should be set and are not.
	 */
	async adopt(): Promise<AdoptResult> {
		const state = this.#state;
		const slicer = new Slicer(this.#timing);
		this.#orphans = await adopt(state, this.#maps, slicer, this.#timing.now());
		for (const bit of await missingFilterBits(state, slicer)) {
			this.#applier.one({ kind: "filter-set", bit }, this.#timing.now());
		}
		const { names, services, backends } = this.#orphans;
		return {
			services: state.records.size,
			frontends: state.frontends.size,
			backends: [...state.records.values()].reduce((sum, one) => sum + one.backends.length, 0),
			orphans: names.length + services.length + backends.length,
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
			triggers: [],
			slicer: new Slicer(this.#timing),
		};
		const before = this.#applier.count;
		const limit = this.#maps.tombstones.port.info.maxEntries;
		releaseSets(this.#state, this.#applier, limit, this.#timing.now());
		const services = run.pending.size;
		for (const key of this.#vanishedFirst(run.pending)) {
			if (run.pending.has(key)) await this.#syncService(key, run);
			await run.slicer.turn();
		}
		if (isComplete) {
			if (!this.#synced) await this.#removeOrphans(run.slicer);
			this.#synced = true;
		}
		this.#runs++;
		if (this.#failures.size > 0) this.#retryAt = this.#timing.now() + RETRY_MS;
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

	/** Frees ids and clears filter bits that no flow of a complete pass refers to. */
	async endFlowPass(pass: FlowPass): Promise<void> {
		if (!this.#synced) return;
		const [state, applier, slicer] = [this.#state, this.#applier, new Slicer(this.#timing)];
		const now = this.#timing.now();
		await this.#exclusive.run(() => releaseUnflowed({ state, applier, slicer, pass, now }));
	}

	trouble(): SyncTrouble {
		const fullMaps = new Set([...this.#fullMaps.values()].flat());
		return { failures: this.#failures, fullMaps };
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
		const exists = (key: ObjectKey) => (this.#cluster.has(key) ? 1 : 0);
		return [...pending].sort((a, b) => exists(a) - exists(b));
	}

	/** Takes the Service out of the run's pending ones and brings its ports up to date. */
	async #syncService(key: ObjectKey, run: Run): Promise<void> {
		run.pending.delete(key);
		const full = new Set<string>();
		try {
			const triggers = this.#cluster.takeTriggers(key);
			const wanted = await this.#syncPorts(this.#cluster.view(key), full, run);
			for (const record of this.#state.recordsOf(key)) {
				if (wanted.has(record)) continue;
				for (const heir of handOverKeys(record, this.#cluster)) {
					if (run.pending.has(heir)) await this.#syncService(heir, run);
				}
				await this.#syncPort(record, undefined, full, run);
			}
			run.triggers.push(...triggers);
			this.#note(key, full, full.size > 0 ? `no room in the maps: ${[...full].join(", ")}` : "");
		} catch (error) {
			this.#note(key, full, error instanceof Error ? error.message : String(error));
		}
	}

	async #syncPorts(
		view: ServiceView | undefined,
		full: Set<string>,
		run: Run,
	): Promise<Set<PortRecord>> {
		const wanted = new Set<PortRecord>();
		for (const desired of view ? desiredPorts(view) : []) {
			const record = this.#recordFor(desired);
			if (!record) {
				full.add("services");
				continue;
			}
			wanted.add(record);
			await this.#syncPort(record, desired, full, run);
		}
		return wanted;
	}

	#recordFor(desired: DesiredPort): PortRecord | undefined {
		const known = this.#state.records.get(identityKey(desired.identity));
		if (known) return known;
		const id = this.#state.serviceIds.take();
		return id === undefined ? undefined : this.#state.addRecord(desired.identity, id);
	}

	async #syncPort(
		record: PortRecord,
		desired: DesiredPort | undefined,
		full: Set<string>,
		{ slicer }: Run,
	): Promise<void> {
		const { writes, shortages } = planPort(this.#state, record, desired);
		for (const map of shortages) full.add(map);
		if (writes.length === 0) return;
		const now = this.#timing.now();
		try {
			for (const map of await this.#applier.all(writes, now, slicer)) full.add(map);
		} finally {
			settlePort(this.#state, record, this.#timing.now());
		}
	}

	#note(key: ObjectKey, full: ReadonlySet<string>, failure: string): void {
		if (failure === "") this.#failures.delete(key);
		else this.#failures.set(key, failure);
		if (full.size === 0) this.#fullMaps.delete(key);
		else this.#fullMaps.set(key, [...full]);
	}

	async #removeOrphans(slicer: Slicer): Promise<void> {
		if (!this.#orphans) return;
		for (const write of orphanWrites(this.#state, this.#orphans)) {
			this.#applier.one(write, this.#timing.now());
			await slicer.turn();
		}
		this.#orphans = undefined;
	}
}
