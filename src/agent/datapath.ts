/** The kernel's side of the agent: programs loaded, maps open, attachments made and kept. */
import type { AgentConfig, Environment } from "../config.ts";
import type { Addon, BpfLink, BpfMap, BpfProgram } from "../dataplane/addon.ts";
import { CgroupAttacher, SOCKET_HOOKS } from "../dataplane/attach-cgroup.ts";
import { TcAttacher } from "../dataplane/attach-tc.ts";
import { measureHz } from "../dataplane/clock.ts";
import { type Loaded, loadDatapath } from "../dataplane/loader.ts";
import { PinPaths, replacePin } from "../dataplane/pins.ts";
import { configVariables, probeFeatures } from "../dataplane/probe.ts";
import type { MapName } from "../layout/structs.ts";
import type { Logger } from "../log.ts";
import { kubeProxyRules } from "./kube-proxy-rules.ts";
import { ensureBpffs, findCgroupRoot } from "./mounts.ts";
import { lockPins } from "./pin-lock.ts";
import { storedHz } from "./settings.ts";

/** Programs that are pinned for commands to test-run. */
const TOOL_PROGRAMS = ["reap", "clock_probe"];

export interface Datapath {
	readonly addon: Addon;
	/** Lets another agent have the pins. */
	unlockPins(): void;
	readonly maps: Readonly<Record<MapName, BpfMap>>;
	readonly reaper: BpfProgram;
	readonly clock: BpfProgram;
	readonly tc: TcAttacher;
	readonly sockets: SocketHooks;
	/** Folder of the pinned links. */
	readonly linkPins: string;
	/** jiffies in a second */
	readonly hz: number;
	/** The maps hold the services of an earlier agent: programs may be attached before the first sync. */
	readonly filled: boolean;
	/** To be called after the first sync. */
	markFilled(): void;
	/** The flow table of the release before, if any; the new programs can be told to use it. */
	readonly previousFlows: BpfMap | undefined;
	/** To be called once all attachments run the new programs and the old flow table is empty. */
	dropForeignMaps(): void;
}

export interface SocketHooks {
	/** Attaches or updates every hook; while socket translation is off, removes them. */
	attach(): void;
	/** Puts back what somebody detached; the names of those hooks. */
	repair(): Promise<string[]>;
	/** What is attached. */
	readonly links: readonly BpfLink[];
}

const OTHER_PROXY =
	"kube-proxy's rules are on this node: TCP connections that they translate go on by them, new ones are ours; " +
	"to be removed by kube-proxy --cleanup";

/** Loads and pins; attaches nothing. */
export async function openDatapath(
	addon: Addon,
	config: AgentConfig,
	environment: Environment,
	log: Logger,
): Promise<Datapath> {
	ensureBpffs(addon, config.pinPath);
	const unlockPins = await lockPins(addon, config.pinPath);
	const pins = new PinPaths(config.pinPath);
	pins.create();
	const features = probeFeatures(addon);
	log.debug({ features }, "kernel probed");
	const otherProxy = kubeProxyRules(addon);
	if (otherProxy !== undefined) log.warn({ rules: otherProxy }, OTHER_PROXY);
	const loaded = loadDatapath(addon, {
		objectPath: environment.bpfObject,
		pins,
		sizes: mapSizes(config),
		variables: { ...configVariables(features), have_other_proxy: otherProxy !== undefined },
	});
	for (const warning of loaded.warnings) log.warn(warning);
	for (const name of TOOL_PROGRAMS) replacePin(pins.program(name), loaded.program(name));
	const clock = loaded.program("clock_probe");
	const hz = storedHz(loaded.maps.settings) || (await measureHz(clock));
	const programs = { ingress: loaded.program("tc_ingress"), egress: loaded.program("tc_egress") };
	return {
		addon,
		unlockPins,
		maps: loaded.maps,
		reaper: loaded.program("reap"),
		clock,
		tc: new TcAttacher(addon, pins, programs, useTcx(addon, config)),
		sockets: socketHooks(addon, config, pins, loaded),
		linkPins: pins.links,
		hz,
		filled: loaded.filled,
		markFilled: () => loaded.markFilled(),
		previousFlows: loaded.previousFlows,
		dropForeignMaps: () => loaded.dropForeignMaps(),
	};
}

/** Two scopes of each port of the default node port range, on 47 addresses. */
const NODE_PORT_ENTRIES = 1 << 18;

function mapSizes({ sizes }: AgentConfig): Partial<Record<MapName, number>> {
	return {
		services: sizes.services,
		service_stats: sizes.services,
		names: sizes.services,
		// Two scopes of each service address and of its other ports; entries take memory when they are
		// made.
		frontends: sizes.services * 8 + NODE_PORT_ENTRIES,
		ranges: sizes.services,
		backends: sizes.backends,
		backend_stats: sizes.backends,
		// Sets are written anew before the old ones are given back.
		slots: Math.min(sizes.backends * 4, 1 << 24),
		flows: sizes.flows,
		overflow: Math.max(1024, sizes.flows >> 2),
	};
}

/** TCX needs Linux 6.6; the loopback device tells whether the kernel has it. */
function useTcx(addon: Addon, config: AgentConfig): boolean {
	if (config.tcAttach === "clsact") return false;
	const available = addon.queryTcx(1, "ingress") !== undefined;
	if (config.tcAttach === "tcx" && !available) {
		throw new Error("--tc-attach=tcx: this kernel has no TCX (Linux 6.6)");
	}
	return available;
}

function socketHooks(
	addon: Addon,
	config: AgentConfig,
	pins: PinPaths,
	loaded: Loaded,
): SocketHooks {
	if (!config.socketLb) {
		const attacher = new CgroupAttacher(addon, pins, "");
		return { attach: () => attacher.remove(), repair: async () => [], links: [] };
	}
	const root = config.cgroupRoot === "" ? findCgroupRoot() : config.cgroupRoot;
	const attacher = new CgroupAttacher(addon, pins, root);
	return {
		attach: () => {
			for (const { hook, program } of SOCKET_HOOKS) attacher.attach(hook, loaded.program(program));
		},
		repair: () => attacher.repair(),
		get links() {
			return attacher.links;
		},
	};
}
