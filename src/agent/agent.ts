/** The agent: everything that runs beside each other on a node, wired. */
import { isDeepStrictEqual } from "node:util";
import { VERSION } from "../cli/version.ts";
import type { AgentConfig, Environment } from "../config.ts";
import { type Addon, loadAddon } from "../dataplane/addon.ts";
import { PreviousFlows } from "../layout/structs.ts";
import type { Logger } from "../log.ts";
import { Cluster } from "../model/cluster.ts";
import type { Node, ObjectSource } from "../model/objects.ts";
import { toJson } from "../proxy-config/encode.ts";
import { addBuildInfo } from "../serve/build-info.ts";
import { HealthState } from "../serve/health.ts";
import type { HealthChecks } from "../serve/health-checks.ts";
import { Metrics } from "../serve/metrics.ts";
import type { RestClientMetrics } from "../serve/rest-client-metrics.ts";
import { Syncer } from "../sync/syncer.ts";
import { type Datapath, openDatapath } from "./datapath.ts";
import { Devices, readNetwork } from "./devices.ts";
import type { AgentEvents } from "./events.ts";
import { setFlowBits } from "./flow-bits.ts";
import type { FlowKeeper, OnPass } from "./flow-keeper.ts";
import { keepFlows } from "./flow-keeping.ts";
import { liveCounters } from "./live-counters.ts";
import { AddressFollower } from "./node-addresses.ts";
import { FAMILIES, NodeSettings } from "./node-settings.ts";
import { drainPreviousFlows } from "./previous-flows.ts";
import type { AgentReport } from "./report.ts";
import { type Servers, startServers } from "./servers.ts";
import { healthChecks, noteService } from "./service-checks.ts";
import { SkipLog } from "./skip-log.ts";
import { SyncLoop } from "./sync-loop.ts";
import { Watchman } from "./watchman.ts";

/** In Go's words, as the metrics of Kubernetes components have it. */
const PLATFORM = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;

export interface AgentPorts {
	readonly source: ObjectSource;
	readonly events: AgentEvents;
	/** Where the source counts its requests. */
	readonly requests: RestClientMetrics;
}

export class Agent {
	#config: AgentConfig;
	readonly #log: Logger;
	readonly #health: HealthState;
	readonly #source: ObjectSource;
	readonly #events: AgentEvents;
	readonly #requests: RestClientMetrics;
	#loop: SyncLoop | undefined;
	#watchman: Watchman | undefined;
	#flows: FlowKeeper | undefined;
	#servers: Servers | undefined;
	#checks: HealthChecks | undefined;
	#reconfigure: (config: AgentConfig) => void = () => undefined;
	#attached = false;
	#unlockPins: () => void = () => undefined;
	#skips: () => number = () => 0;
	/** The Node object has come, or is known not to. */
	#nodeKnown = false;

	constructor(config: AgentConfig, { source, events, requests }: AgentPorts, log: Logger) {
		this.#config = config;
		// Two sync periods, as kube-proxy has it.
		this.#health = new HealthState(FAMILIES, config.changePatienceMs);
		this.#source = source;
		this.#events = events;
		this.#requests = requests;
		this.#log = log;
	}

	/** Resolves when the datapath is loaded and the objects are being followed. */
	async start(environment: Environment): Promise<void> {
		const config = this.#config;
		const log = this.#log;
		const addon: Addon = loadAddon();
		const datapath = await openDatapath(addon, config, environment, log);
		const { maps } = datapath;
		this.#unlockPins = datapath.unlockPins;
		const cluster = new Cluster(config.nodeName, config.proxy);
		const syncer = new Syncer(cluster, maps);
		this.#skips = () => cluster.skips().length;
		const settings = new NodeSettings(config, maps.settings, {
			hz: datapath.hz,
			filterBits: syncer.filterMask + 1,
		});
		const addresses = new AddressFollower(cluster, settings, () => this.#loop?.wake());
		addresses.setView(readNetwork(addon));
		this.#reconfigure = reconfigurer(cluster, settings, addresses);
		const devices = this.#devices(addon, datapath, { settings, addresses });
		const skips = new SkipLog(log);
		const [health, source] = [this.#health, this.#source];
		const metrics = new Metrics(FAMILIES, () =>
			liveCounters({ maps, syncer, devices, flows, skips, health, source }),
		);
		const onPass: OnPass = (pass) => metrics.noteFlowPass(pass);
		const flows = keepFlows(datapath, syncer, { onPass, log });
		this.#flows = flows;
		this.#requests.addTo(metrics.registry);
		addBuildInfo(metrics.registry, VERSION, PLATFORM);
		this.#watchman = new Watchman({
			addon,
			devices,
			sockets: datapath.sockets,
			linkPins: datapath.linkPins,
			health: this.#health,
			onEvents: (events) => flows.hear(events),
			log,
		});
		const watchman = this.#watchman;
		const attach = (): Promise<void> => this.#attach(datapath, settings, watchman);
		this.#servers = await this.#startServers(metrics);
		this.#checks = healthChecks(cluster, health, this.#events, log);
		const checks = this.#checks;
		const adopted = await syncer.adopt();
		log.info({ ...adopted }, "maps read back");
		// These programs may ask for bits that the last ones did not, and nobody has set.
		if (adopted.filterBits > 0) await setFlowBits(syncer, [maps.flows, maps.overflow]);
		if (datapath.filled) await attach();
		this.#loop = new SyncLoop({
			cluster,
			syncer,
			health: this.#health,
			metrics,
			log,
			skips,
			minSyncPeriodMs: config.minSyncPeriodMs,
			onNode: (node) => this.#onNode(node, devices, addresses, watchman),
			onService: (key) => noteService(checks, cluster, key),
			onFirstSync: async () => {
				datapath.markFilled();
				if (!this.#nodeKnown) this.#onNode(undefined, devices, addresses, watchman);
				await attach();
				datapath.dropForeignMaps();
			},
		});
		this.#source.start(this.#loop);
	}

	/**
	 * Changes how Services are served, timeouts of flows and the node's own address while it runs,
	 * and what /configz shows.
	 */
	reconfigure(config: AgentConfig): void {
		this.#config = config;
		this.#reconfigure(config);
	}

	/** How it is, for commands on this node. */
	report(): AgentReport {
		const { problems } = this.#health;
		return { problems, sources: this.#source.status(), notServed: this.#skips() };
	}

	/** Leaves everything in the kernel as it is. */
	async stop(): Promise<void> {
		this.#servers?.stop();
		this.#checks?.stop();
		this.#flows?.stop();
		this.#watchman?.stop();
		await this.#source.stop();
		await this.#loop?.stop();
		this.#unlockPins();
	}

	#startServers(metrics: Metrics): Promise<Servers> {
		const answers = {
			health: this.#health,
			metrics,
			configuration: () => toJson(this.#config.configuration),
			onFailure: (server: string, reason: string) => this.#events.serverFailed(server, reason),
		};
		return startServers(this.#config, answers, this.#log);
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

	#devices(
		addon: Addon,
		datapath: Datapath,
		{ settings, addresses }: { settings: NodeSettings; addresses: AddressFollower },
	): Devices {
		const { uplinks, podDevices, forwarding } = this.#config;
		const devices = new Devices({
			addon,
			attacher: datapath.tc,
			map: datapath.maps.devices,
			patterns: { uplinks, podDevices },
			judgeRedirect: forwarding === "auto",
			log: this.#log,
			onView: (view) => addresses.setView(view),
		});
		devices.setNodeAddresses(settings.nodeAddresses);
		return devices;
	}

	#onNode(
		node: Node | undefined,
		devices: Devices,
		addresses: AddressFollower,
		watchman: Watchman,
	): void {
		this.#nodeKnown = true;
		const known = node?.addresses ?? [];
		devices.setNodeAddresses(known);
		addresses.setNodeAddresses(known);
		watchman.refreshSoon();
	}
}

/** Applies what a running agent can change. */
function reconfigurer(
	cluster: Cluster,
	settings: NodeSettings,
	addresses: AddressFollower,
): (config: AgentConfig) => void {
	return (config) => {
		if (!isDeepStrictEqual(config.proxy, cluster.reach.settings)) cluster.setSettings(config.proxy);
		settings.setConfig(config);
		// Wakes the loop, too.
		addresses.refresh();
	};
}
