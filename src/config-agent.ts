/** From the agent's options as text to AgentConfig, with everything that can be wrong named. */
import { hostname } from "node:os";
import {
	type AgentConfig,
	type Environment,
	type FlowTimeouts,
	type ForwardingMode,
	type SourceConfig,
	type TcAttach,
	UsageError,
} from "./config.ts";
import {
	parseBindAddress,
	parseDuration,
	parseInteger,
	parsePatterns,
	parsePortRange,
	parseSwitch,
	within,
} from "./config-parse.ts";
import { type ServiceProxyOptions, serviceProxySettings } from "./config-services.ts";
import { flowEntries } from "./config-table-size.ts";
import { syncPeriodMs } from "./proxy-config/mode-fields.ts";
import type { KubeProxyConfiguration } from "./proxy-config/schema.ts";

/** The agent's options as the command line gives them; absent ones are undefined. */
export interface AgentOptions extends ServiceProxyOptions {
	readonly kubeconfig?: string;
	readonly master?: string;
	readonly manifests?: string;
	readonly hostnameOverride?: string;
	readonly bindAddress: string;
	readonly bindAddressHardFail?: string | boolean;
	readonly healthzBindAddress?: string;
	readonly metricsBindAddress?: string;
	readonly pinPath: string;
	readonly cgroupRoot?: string;
	readonly socketLb: string;
	readonly forwarding: string;
	readonly tcAttach: string;
	readonly uplinks?: string;
	readonly podDevices?: string;
	readonly masqueradePorts: string;
	readonly maxServices: string;
	readonly maxBackends: string;
	readonly maxFlows?: string;
	readonly maxHalfOpen: string;
	readonly minSyncPeriod: string;
	readonly conntrackTcpTimeoutEstablished: string;
	readonly conntrackTcpTimeoutCloseWait: string;
	readonly conntrackUdpTimeout: string;
	readonly conntrackUdpTimeoutStream: string;
	readonly flowTimeouts?: string;
	readonly v: string;
	/** kube-proxy's configuration file. */
	readonly config?: string;
	readonly proxyMode?: string;
	/** Tasks instead of running. */
	readonly writeConfigTo?: string;
	readonly initOnly?: string | boolean;
	readonly cleanup?: string | boolean;
	/** Deprecated; see config-effective.ts. */
	readonly healthzPort?: string;
	readonly metricsPort?: string;
}

const MIB = 1 << 20;
/** klog's; above 10 nothing changes. */
const MAX_VERBOSITY = 2 ** 31 - 1;
/** SET_BASE_BITS of bpf/types.h: slots beyond it cannot be named. */
const MAX_BACKENDS = 4 * MIB;

/**
 * Validates. Throws UsageError for the first mistake found.
 *
 * @param configuration what the options say, in kube-proxy's form
 */
export function agentConfig(
	options: AgentOptions,
	environment: Environment,
	configuration: KubeProxyConfiguration,
): AgentConfig {
	const socketLb = within("--socket-lb", () => parseSwitch(options.socketLb));
	const proxy = serviceProxySettings(options);
	return {
		source: sourceConfig(options, environment),
		nodeName: nodeName(options.hostnameOverride),
		pinPath: absolute("--pin-path", options.pinPath),
		cgroupRoot:
			options.cgroupRoot === undefined ? "" : absolute("--cgroup-root", options.cgroupRoot),
		socketLb,
		forwarding: options.forwarding as ForwardingMode,
		tcAttach: options.tcAttach as TcAttach,
		uplinks: parsePatterns(options.uplinks ?? ""),
		podDevices: parsePatterns(options.podDevices ?? ""),
		nodeAddress: nodeAddress(options.bindAddress),
		healthz: within("--healthz-bind-address", () =>
			parseBindAddress(options.healthzBindAddress ?? configuration.healthzBindAddress, 10256),
		),
		metrics: within("--metrics-bind-address", () =>
			parseBindAddress(options.metricsBindAddress ?? configuration.metricsBindAddress, 10249),
		),
		bindHardFail: within("--bind-address-hard-fail", () =>
			parseSwitch(String(options.bindAddressHardFail ?? false)),
		),
		timeouts: flowTimeouts(options, configuration),
		masqueradePorts: within("--masquerade-ports", () => parsePortRange(options.masqueradePorts)),
		sizes: mapSizes(options, flowEntries(configuration, environment.cores)),
		// Only sockets can be translated there: packets from 127.0.0.1 do not leave a node.
		proxy: { ...proxy, localhostNodePorts: proxy.localhostNodePorts && socketLb },
		minSyncPeriodMs: within("--min-sync-period", () => parseDuration(options.minSyncPeriod)),
		changePatienceMs: 2 * syncPeriodMs(configuration),
		oomScoreAdj: configuration.oomScoreAdj,
		verbosity: within("-v", () => parseInteger(options.v, 0, MAX_VERBOSITY)),
		configuration,
	};
}

function sourceConfig(options: AgentOptions, environment: Environment): SourceConfig {
	const { kubeconfig = "", master = "", manifests } = options;
	if (manifests !== undefined) {
		if (kubeconfig !== "" || master !== "") {
			throw new UsageError("--manifests cannot be combined with --kubeconfig or --master");
		}
		return { kind: "manifests", directory: manifests };
	}
	if (kubeconfig !== "") return { kind: "api", kubeconfig, master };
	if (environment.inCluster) return { kind: "in-cluster", master };
	if (master !== "") return { kind: "api", kubeconfig, master };
	throw new UsageError("one of --kubeconfig, --master or --manifests is needed outside a cluster");
}

/** kube-proxy's rule: trimmed and lower-cased, the machine's name by default. */
export function nodeName(override: string | undefined): string {
	const name = (override ?? hostname()).trim().toLowerCase();
	if (name === "") throw new UsageError("--hostname-override is empty");
	return name;
}

/** --bind-address is not a listening address: it names the node's own address, unless unspecified. */
function nodeAddress(text: string): string {
	const bind = within("--bind-address", () => parseBindAddress(text, 0));
	if (bind === undefined || bind.host === "0.0.0.0" || bind.host === "::") return "";
	return bind.host;
}

function flowTimeouts(options: AgentOptions, configuration: KubeProxyConfiguration): FlowTimeouts {
	const duration = (flag: string, text: string, unset: number): number => {
		const value = within(flag, () => parseDuration(text));
		return value === 0 ? unset : value;
	};
	const base: FlowTimeouts = {
		tcpSyn: 120_000,
		tcpEstablished: duration(
			"--conntrack-tcp-timeout-established",
			options.conntrackTcpTimeoutEstablished,
			432_000_000,
		),
		tcpClosing: duration(
			"--conntrack-tcp-timeout-close-wait",
			options.conntrackTcpTimeoutCloseWait,
			60_000,
		),
		tcpClosed: 120_000,
		udp: duration("--conntrack-udp-timeout", options.conntrackUdpTimeout, 30_000),
		udpStream: duration(
			"--conntrack-udp-timeout-stream",
			options.conntrackUdpTimeoutStream,
			120_000,
		),
		icmp: 30_000,
		sctp: 210_000,
	};
	return { ...base, ...ipvsTimeouts(configuration), ...otherTimeouts(options.flowTimeouts ?? "") };
}

/** What somebody has set for mode ipvs, whose flows are its own too. */
function ipvsTimeouts({ mode, ipvs }: KubeProxyConfiguration): Partial<FlowTimeouts> {
	if (mode !== "ipvs") return {};
	return {
		...(ipvs.tcpTimeout > 0 ? { tcpEstablished: ipvs.tcpTimeout } : {}),
		...(ipvs.tcpFinTimeout > 0 ? { tcpClosing: ipvs.tcpFinTimeout } : {}),
		...(ipvs.udpTimeout > 0 ? { udpStream: ipvs.udpTimeout } : {}),
	};
}

/** The timeouts that kube-proxy leaves to the kernel: "tcp-syn=5s,tcp-closed=2s,icmp=1s,sctp=60s". */
function otherTimeouts(text: string): Partial<FlowTimeouts> {
	const names = {
		"tcp-syn": "tcpSyn",
		"tcp-closed": "tcpClosed",
		icmp: "icmp",
		sctp: "sctp",
	} as const;
	const found: Partial<Record<keyof FlowTimeouts, number>> = {};
	for (const pair of parsePatterns(text)) {
		const [name = "", value = ""] = pair.split("=");
		const key = names[name as keyof typeof names];
		if (key === undefined) {
			throw new UsageError(
				`--flow-timeouts: "${name}" is none of ${Object.keys(names).join(", ")}`,
			);
		}
		found[key] = within("--flow-timeouts", () => parseDuration(value));
	}
	return found;
}

/** @param flows entries of the flow table unless an option says it */
function mapSizes(options: AgentOptions, flows: number): AgentConfig["sizes"] {
	const size = (flag: string, text: string, max: number): number =>
		within(flag, () => parseInteger(text, 16, max));
	return {
		services: size("--max-services", options.maxServices, MIB),
		backends: size("--max-backends", options.maxBackends, MAX_BACKENDS),
		flows: size("--max-flows", options.maxFlows ?? String(flows), 64 * MIB),
		halfOpen: size("--max-half-open", options.maxHalfOpen, 64 * MIB),
	};
}

function absolute(flag: string, path: string): string {
	if (!path.startsWith("/")) throw new UsageError(`${flag}: "${path}" is not an absolute path`);
	return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
