import type { SyncLoop } from "../../../src/agent/sync-loop.ts";
import { fakeServiceMaps } from "../../../src/dataplane/fake-maps.ts";
import type { Timings } from "../../../src/kube/clock.ts";
import { ApiSource } from "../../../src/kube/source.ts";
import { createLogger } from "../../../src/log.ts";
import { bytesToAddress } from "../../../src/model/address-bytes.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Write } from "../../../src/plan/order.ts";
import { unpackTuple } from "../../../src/plan/tuple.ts";
import { HealthState } from "../../../src/serve/health.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import { present } from "../../unit/sync/histories.ts";
import { type LoopParts, syncLoop } from "../../unit/sync/loop.ts";

const SIZES = { services: 512, slots: 4096, backends: 2048, filter: 1024, frontends: 1024 };

/** A line of the log. */
export interface LogLine {
	readonly level: string;
	readonly msg: string;
	readonly resource?: string;
	readonly reason?: string;
}

/** An agent from the API to the maps, which are in memory: everything but the kernel. */
export class ApiAgent {
	readonly maps = fakeServiceMaps({ ...SIZES, names: 512, tombstones: 256 });
	readonly source: ApiSource;
	readonly log: LogLine[];
	/** Addresses whose frontends it has removed. */
	readonly removed = new Set<string>();
	/** Called after each write. */
	onWrite: () => void = () => undefined;
	readonly #loop: SyncLoop;
	readonly #health: HealthState;

	private constructor(source: ApiSource, log: LogLine[], own: Pick<LoopParts, "log" | "health">) {
		this.source = source;
		this.log = log;
		this.#health = own.health;
		const cluster = new Cluster("node1");
		const syncer = new Syncer(cluster, this.maps, {
			intercept: (target) => ({
				apply: (write) => {
					target.apply(write);
					this.#note(write);
				},
			}),
		});
		this.#loop = syncLoop({ ...own, cluster, syncer });
		void syncer.adopt().then(() => source.start(this.#loop));
	}

	static async start(kubeconfig: string, timings: Partial<Timings> = {}): Promise<ApiAgent> {
		const lines: LogLine[] = [];
		const write = (line: string): void => void lines.push(JSON.parse(line) as LogLine);
		const log = await createLogger({ verbosity: 2, pretty: false, destination: { write } });
		const source = new ApiSource({ access: { kubeconfig }, nodeName: "node1", log, timings });
		return new ApiAgent(source, lines, { log, health: new HealthState(["IPv4"], 60_000) });
	}

	get healthy(): boolean {
		return this.#health.healthy;
	}

	/** What packets would meet; "" before everything has been listed. */
	get dump(): string {
		return this.#health.lastSyncMs === 0 ? "" : present(dumpMaps(this.maps));
	}

	/** Reasons of warnings, by resource. */
	warnings(): { resource: string; reason: string }[] {
		return this.log.flatMap(({ level, resource = "", reason = "" }) =>
			level === "warn" ? [{ resource, reason }] : [],
		);
	}

	async stop(): Promise<void> {
		await this.source.stop();
		await this.#loop.stop();
	}

	#note(write: Write): void {
		if (write.kind === "frontend-gone")
			this.removed.add(bytesToAddress(unpackTuple(write.key).addr));
		this.onWrite();
	}
}
