/** The agent: everything that runs beside each other on a node, wired. */
import type { AgentConfig, Environment } from "../config.ts";
import { type Addon, loadAddon } from "../dataplane/addon.ts";
import { readClock } from "../dataplane/clock.ts";
import { reap } from "../dataplane/reaper.ts";
import { PreviousFlows } from "../layout/structs.ts";
import type { Logger } from "../log.ts";
import { Cluster } from "../model/cluster.ts";
import type { Node, ObjectSource } from "../model/objects.ts";
import { HealthState } from "../serve/health.ts";
import { Metrics } from "../serve/metrics.ts";
import { Syncer } from "../sync/syncer.ts";
import { type Datapath, openDatapath } from "./datapath.ts";
import { Devices } from "./devices.ts";
import { Expiry } from "./expiry.ts";
import { FlowKeeper } from "./flow-keeper.ts";
import { liveCounters } from "./live-counters.ts";
import { FAMILIES, NodeSettings } from "./node-settings.ts";
import { drainPreviousFlows } from "./previous-flows.ts";
import type { AgentReport } from "./report.ts";
import { type Servers, startServers } from "./servers.ts";
import { SkipLog } from "./skip-log.ts";
import { SyncLoop } from "./sync-loop.ts";
import { Watchman } from "./watchman.ts";

/** A change that waits longer makes the proxy unhealthy: kube-proxy's two sync periods. */
const CHANGE_PATIENCE_MS = 60_000;

export class Agent {
	readonly #config: AgentConfig;
	readonly #log: Logger;
	readonly #health = new HealthState(FAMILIES, CHANGE_PATIENCE_MS);
	readonly #source: ObjectSource;
	#loop: SyncLoop | undefined;
	#watchman: Watchman | undefined;
	#flows: FlowKeeper | undefined;
	#servers: Servers | undefined;
	#attached = false;
	#skips: () => number = () => 0;
	/** The Node object has come, or is known not to. */
	#nodeKnown = false;

	constructor(config: AgentConfig, source: ObjectSource, log: Logger) {
		this.#config = config;
		this.#source = source;
		this.#log = log;
	}

	/** Resolves when the datapath is loaded and the objects are being followed. */
	async start(environment: Environment): Promise<void> {
		const config = this.#config;
		const log = this.#log;
		const addon: Addon = loadAddon();
		const datapath = await openDatapath(addon, config, environment, log);
		const { maps } = datapath;
		const cluster = new Cluster(config.nodeName);
		const syncer = new Syncer(cluster, maps);
		this.#skips = () => cluster.skips().length;
		const settings = new NodeSettings(config, maps.settings, {
			hz: datapath.hz,
			filterBits: syncer.filterMask + 1,
		});
		const devices = this.#devices(addon, datapath, settings);
		this.#flows = new FlowKeeper(expiryOf(datapath, syncer), log);
		const flows = this.#flows;
		const skips = new SkipLog(log);
		const metrics = new Metrics(FAMILIES, () =>
			liveCounters({ maps, syncer, devices, flows, skips, health: this.#health }),
		);
		this.#watchman = new Watchman({
			addon,
			devices,
			sockets: datapath.sockets,
			health: this.#health,
			log,
		});
		const watchman = this.#watchman;
		const attach = (): Promise<void> => this.#attach(datapath, settings, watchman);
		if (datapath.filled) await attach();
		this.#servers = await startServers(config, this.#health, metrics, log);
		const adopted = await syncer.adopt();
		log.info({ ...adopted }, "maps read back");
		this.#loop = new SyncLoop({
			cluster,
			syncer,
			health: this.#health,
			metrics,
			log,
			skips,
			minSyncPeriodMs: config.minSyncPeriodMs,
			onNode: (node) => this.#onNode(node, devices, settings, watchman),
			onFirstSync: async () => {
				datapath.markFilled();
				if (!this.#nodeKnown) this.#onNode(undefined, devices, settings, watchman);
				await attach();
				datapath.dropForeignMaps();
			},
		});
		this.#source.start(this.#loop);
	}

	/** How it is, for commands on this node. */
	report(): AgentReport {
		const { problems } = this.#health;
		return { problems, sources: this.#source.status(), notServed: this.#skips() };
	}

	/** Leaves everything in the kernel as it is. */
	async stop(): Promise<void> {
		this.#servers?.stop();
		this.#flows?.stop();
		this.#watchman?.stop();
		await this.#source.stop();
		await this.#loop?.stop();
	}

	/**
	 * Attaches, leaves the flow table of the release before behind if there is one, and only then
	 * expires flows, since expiry judges by what it finds in this release's table. A second call
	 * does nothing.
	 */
	async #attach(
		{ previousFlows, reaper }: Datapath,
		settings: NodeSettings,
		watchman: Watchman,
	): Promise<void> {
		if (this.#attached) return;
		if (previousFlows !== undefined) settings.setPrevious(PreviousFlows.PREVIOUS_SHARED);
		await watchman.start();
		this.#attached = true;
		if (previousFlows !== undefined) {
			settings.setPrevious(PreviousFlows.PREVIOUS_DRAIN);
			const entries = await drainPreviousFlows(previousFlows, reaper);
			settings.setPrevious(PreviousFlows.PREVIOUS_NONE);
			this.#log.info({ entries }, "flows of the earlier layout taken over");
		}
		this.#flows?.start();
	}

	#devices(addon: Addon, datapath: Datapath, settings: NodeSettings): Devices {
		const { uplinks, podDevices, forwarding } = this.#config;
		const devices = new Devices({
			addon,
			attacher: datapath.tc,
			map: datapath.maps.devices,
			patterns: { uplinks, podDevices },
			judgeRedirect: forwarding === "auto",
			log: this.#log,
			onView: (view) => settings.setView(view),
		});
		devices.setNodeAddresses(settings.nodeAddresses);
		return devices;
	}

	#onNode(
		node: Node | undefined,
		devices: Devices,
		settings: NodeSettings,
		watchman: Watchman,
	): void {
		this.#nodeKnown = true;
		const addresses = node?.addresses ?? [];
		devices.setNodeAddresses(addresses);
		settings.setNodeAddresses(addresses);
		watchman.refreshSoon();
	}
}

function expiryOf({ maps, clock, reaper }: Datapath, syncer: Syncer): Expiry {
	return new Expiry({
		flows: maps.flows,
		overflow: maps.overflow,
		control: maps.control,
		settings: maps.settings,
		now: () => readClock(clock).jiffies,
		observe: () => {
			const pass = syncer.beginFlowPass();
			return {
				see: (keys, values, count) => pass.see(keys, values, count),
				end: () => syncer.endFlowPass(pass),
			};
		},
		reap: (keys, count) => reap(reaper, keys, count, "expired").deleted,
	});
}
