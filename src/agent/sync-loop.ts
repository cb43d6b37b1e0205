/** From changes of objects to writes into the maps: coalesces, runs the syncer, reports. */
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Change, Node, ObjectKey, SourceListener } from "../model/objects.ts";
import type { HealthState } from "../serve/health.ts";
import type { Metrics } from "../serve/metrics.ts";
import { Runner } from "../sync/runner.ts";
import type { SyncResult } from "../sync/status.ts";
import type { Syncer } from "../sync/syncer.ts";
import type { SkipLog } from "./skip-log.ts";

export interface SyncLoopDeps {
	readonly cluster: Cluster;
	readonly syncer: Syncer;
	readonly health: HealthState;
	readonly metrics: Metrics;
	readonly log: Logger;
	readonly skips: SkipLog;
	readonly minSyncPeriodMs: number;
	/** The own Node object changed or is gone. */
	readonly onNode: (node: Node | undefined) => void;
	/** The Service, or its endpoints, may have changed, and that is in the maps. */
	readonly onService: (key: ObjectKey) => void;
	/** After the first run that looked at everything; health waits for it. */
	readonly onFirstSync: () => Promise<void>;
}

/** After a run in which a Service failed. */
const RETRY_MS = 1000;

export class SyncLoop implements SourceListener {
	readonly #deps: SyncLoopDeps;
	readonly #runner: Runner;
	readonly #startedMs = Date.now();
	#listed = false;
	#isComplete = false;
	#synced = false;
	#failures = "";

	constructor(deps: SyncLoopDeps) {
		this.#deps = deps;
		this.#runner = new Runner({
			run: () => this.#sync(),
			minIntervalMs: deps.minSyncPeriodMs,
			retryMs: RETRY_MS,
			onError: (error) => this.#fail(error),
		});
	}

	onChanges(changes: readonly Change[]): void {
		const { cluster, metrics } = this.#deps;
		cluster.apply(changes);
		this.#deps.skips.note(changes.map((change) => this.#withUnserved(change)));
		this.#noteNode(changes);
		const count = (kind: Change["kind"]): number =>
			changes.filter((change) => change.kind === kind).length;
		metrics.noteChanges(count("service"), count("slice"));
		this.wake();
	}

	/** The cluster may have changed otherwise than by changes of objects. */
	wake(): void {
		if (!this.#listed || !this.#deps.cluster.hasDirty) return;
		this.#deps.health.noteChange();
		this.#runner.request();
	}

	onSynced(isComplete: boolean): void {
		this.#listed = true;
		this.#isComplete = isComplete;
		this.#runner.request();
	}

	/** Resolves when a running sync has ended; none begins afterwards. */
	async stop(): Promise<void> {
		await this.#runner.stop();
	}

	/** The change with what is well-formed and not served all the same. */
	#withUnserved(change: Change): Change {
		const more = change.kind === "service" ? this.#deps.cluster.unserved(change.key) : [];
		return more.length > 0 ? { ...change, skips: [...change.skips, ...more] } : change;
	}

	#noteNode(changes: readonly Change[]): void {
		const { cluster, health, onNode } = this.#deps;
		for (const change of changes) {
			if (change.kind !== "node") continue;
			if (change.object !== undefined && change.object.name !== cluster.node.name) continue;
			if (change.object === undefined && change.key !== cluster.node.name) continue;
			health.setDraining(change.object?.draining ?? true);
			onNode(change.object);
		}
	}

	async #sync(): Promise<void> {
		const { health, metrics, syncer } = this.#deps;
		const full = !this.#synced;
		const started = performance.now();
		metrics.noteSyncBegin();
		const result = await syncer.syncOnce(this.#isComplete);
		const seconds = (performance.now() - started) / 1000;
		metrics.noteSync({ seconds, full, writes: result.writes, failures: result.failed });
		this.#noteTriggers(result);
		this.#noteFailures();
		for (const key of result.services) this.#deps.onService(key);
		const { services, writes, failed } = result;
		const fields = { services: services.length, writes, failed, ms: Math.round(seconds * 1000) };
		if (full) {
			this.#deps.log.info(fields, "in sync");
			await this.#deps.onFirstSync();
			this.#synced = true;
		} else {
			this.#deps.log.debug(fields, "synced");
		}
		health.noteSync();
		if (result.failed > 0) this.#runner.retry();
		if (this.#deps.cluster.hasDirty) this.#runner.request();
	}

	#fail(error: unknown): void {
		const reason = reasonOf(error);
		this.#deps.log.error({ reason }, "a sync failed");
		this.#deps.health.setProblem("maps", reason);
	}

	/** What was caused before this process began says nothing about it. */
	#noteTriggers({ triggers }: SyncResult): void {
		const now = Date.now();
		for (const trigger of triggers) {
			if (trigger >= this.#startedMs) this.#deps.metrics.noteProgrammed((now - trigger) / 1000);
		}
	}

	#noteFailures(): void {
		const { failures, refused, fullMaps } = this.#deps.syncer.trouble();
		const text = [...failures].map(([key, reason]) => `${key}: ${reason}`).join("; ");
		if (text !== "" && text !== this.#failures) {
			const first = [...failures].slice(0, 10).map(([service, reason]) => ({ service, reason }));
			this.#deps.log.error({ failed: failures.size, first }, "services cannot be written");
		}
		this.#failures = text;
		const full = fullMaps.size > 0 ? `full: ${[...fullMaps].join(", ")}; ` : "";
		const reason = `${full}${failures.size} services are not completely in the maps`;
		// What does not fit is ill alone; maps that refuse writes may refuse those of any Service.
		const services = refused.size > 0 ? undefined : new Set(failures.keys());
		this.#deps.health.setProblem("maps", failures.size > 0 ? reason : "", services);
	}
}
