import { SkipLog } from "../../../src/agent/skip-log.ts";
import { SyncLoop } from "../../../src/agent/sync-loop.ts";
import type { Logger } from "../../../src/log.ts";
import type { Cluster } from "../../../src/model/cluster.ts";
import type { HealthState } from "../../../src/serve/health.ts";
import { Metrics } from "../../../src/serve/metrics.ts";
import type { Syncer } from "../../../src/sync/syncer.ts";

export interface LoopParts {
	readonly cluster: Cluster;
	readonly syncer: Syncer;
	readonly health: HealthState;
	readonly log: Logger;
	readonly metrics?: Metrics;
}

/** Metrics of a loop without a datapath behind it. */
export function ownMetrics(): Metrics {
	return new Metrics(["IPv4"], () => {
		throw new Error("nobody asks for live counters here");
	});
}

/** The agent's loop alone: it syncs at once. */
export function syncLoop({ metrics = ownMetrics(), ...parts }: LoopParts): SyncLoop {
	return new SyncLoop({
		...parts,
		metrics,
		skips: new SkipLog(parts.log),
		minSyncPeriodMs: 0,
		onNode: () => undefined,
		onService: () => undefined,
		onFirstSync: () => Promise.resolve(),
	});
}
