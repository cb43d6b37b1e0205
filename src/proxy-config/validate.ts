/** kube-proxy's rules for a configuration: pkg/proxy/apis/config/validation. */
import { isIP } from "node:net";
import { familyOfCIDR, parseCIDR } from "../model/cidr.ts";
import { NODE_PORT_KEYWORDS } from "../model/node-reach.ts";
import { DETECT_LOCAL_MODES } from "../model/proxy-settings.ts";
import { type FieldValue, fieldOf } from "./fields.ts";
import { formatGoDuration } from "./go-duration.ts";
import { syncPeriodPaths } from "./mode-fields.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

export interface FieldProblem {
	/** Such as "iptables.masqueradeBit" or "nodePortAddresses[1]". */
	readonly path: string;
	/** Begins with "must" or "cannot", and ends with the value. */
	readonly reason: string;
}

const MODES = ["", "iptables", "ipvs", "nftables"];
const LOG_FORMATS = ["text", "json"];

/** Everything that is wrong; empty: nothing is. */
export function validateConfiguration(config: KubeProxyConfiguration): FieldProblem[] {
	const isIpvs = config.mode === "ipvs";
	return [
		...numbers(config),
		...durations(config, isIpvs),
		...choice(config, "mode", MODES),
		...choice(config, "logging.format", LOG_FORMATS),
		...choice(config, "detectLocalMode", DETECT_LOCAL_MODES),
		...addresses(config),
		...(isIpvs ? cidrs("ipvs.excludeCIDRs", config.ipvs.excludeCIDRs) : []),
		...nodePortAddresses(config.nodePortAddresses),
		...detectLocal(config),
	];
}

function numbers(config: KubeProxyConfiguration): FieldProblem[] {
	const int32 = 2 ** 31 - 1;
	const isNftables = config.mode === "nftables";
	const ranges: readonly (readonly [path: string, min: number, max: number])[] = [
		["iptables.masqueradeBit", 0, 31],
		...(isNftables ? [["nftables.masqueradeBit", 0, 31] as const] : []),
		["oomScoreAdj", -1000, 1000],
		["conntrack.maxPerCore", 0, int32],
		["conntrack.min", 0, int32],
		["clientConnection.burst", 0, int32],
		["logging.verbosity", 0, int32],
	];
	return ranges.flatMap(([path, min, max]) => {
		const value = Number(fieldOf(config, path));
		const rule = max === int32 ? "must not be negative" : `must be from ${min} to ${max}`;
		return value < min || value > max ? [problem(path, rule, value)] : [];
	});
}

function durations(config: KubeProxyConfiguration, isIpvs: boolean): FieldProblem[] {
	const { period, minPeriod } = syncPeriodPaths(config.mode);
	const ipvs = ["ipvs.tcpTimeout", "ipvs.tcpFinTimeout", "ipvs.udpTimeout"];
	const ms = (path: string): number => Number(fieldOf(config, path));
	const positive = ["configSyncPeriod", "logging.flushFrequency", period];
	const notNegative = [
		"conntrack.tcpEstablishedTimeout",
		"conntrack.tcpCloseWaitTimeout",
		"conntrack.udpTimeout",
		"conntrack.udpStreamTimeout",
		minPeriod,
		...(isIpvs ? ipvs : []),
	];
	const rules = [
		{ paths: positive, isWrong: (path: string) => ms(path) <= 0, rule: "must be more than 0" },
		{ paths: notNegative, isWrong: (path: string) => ms(path) < 0, rule: "must not be negative" },
		{
			paths: [minPeriod],
			isWrong: () => ms(minPeriod) > ms(period),
			rule: `must not be longer than ${period}`,
		},
	];
	return rules.flatMap(({ paths, isWrong, rule }) =>
		paths.filter(isWrong).map((path) => problem(path, rule, formatGoDuration(ms(path)))),
	);
}

function choice(
	config: KubeProxyConfiguration,
	path: string,
	choices: readonly string[],
): FieldProblem[] {
	const value = String(fieldOf(config, path));
	const named = choices.map((name) => (name === "" ? "empty" : name));
	return choices.includes(value)
		? []
		: [problem(path, `must be one of ${named.join(", ")}`, value)];
}

function addresses(config: KubeProxyConfiguration): FieldProblem[] {
	const { bindAddress } = config;
	const bind =
		isIP(bindAddress) === 0 ? [problem("bindAddress", "must be an address", bindAddress)] : [];
	const listen = (["healthzBindAddress", "metricsBindAddress"] as const).filter(
		(path) => !isAddressWithPort(config[path]),
	);
	const rule = "must be an address with a port from 1 to 65535";
	return [...bind, ...listen.map((path) => problem(path, rule, config[path]))];
}

function isAddressWithPort(text: string): boolean {
	const [, bracketed, bare, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
	return isIP(bracketed ?? bare ?? "") !== 0 && Number(port) >= 1 && Number(port) <= 65535;
}

function cidrs(
	path: string,
	list: readonly string[],
	words: readonly string[] = [],
): FieldProblem[] {
	return list.flatMap((entry, index) =>
		words.includes(entry) || parseCIDR(entry) !== undefined
			? []
			: [problem(`${path}[${index}]`, "must be an address and a prefix length", entry)],
	);
}

/** Words besides "primary" are Sluice's own. */
function nodePortAddresses(list: readonly string[]): FieldProblem[] {
	const path = "nodePortAddresses";
	const primary = list.indexOf("primary");
	if (primary >= 0 && list.length > 1) {
		return [problem(`${path}[${primary}]`, "cannot stand beside prefixes", "primary")];
	}
	return cidrs(path, list, NODE_PORT_KEYWORDS);
}

function detectLocal({
	detectLocalMode: mode,
	detectLocal: { bridgeInterface, interfaceNamePrefix },
	clusterCIDR,
}: KubeProxyConfiguration): FieldProblem[] {
	const needs = (path: string, value: string): FieldProblem[] =>
		value === "" ? [problem(path, `must be given with detectLocalMode ${mode}`, value)] : [];
	if (mode === "BridgeInterface") return needs("detectLocal.bridgeInterface", bridgeInterface);
	if (mode === "InterfaceNamePrefix") {
		return needs("detectLocal.interfaceNamePrefix", interfaceNamePrefix);
	}
	if (mode !== "ClusterCIDR" || clusterCIDR === "") return [];
	const parsed = clusterCIDR.split(",").map(parseCIDR);
	const known = parsed.filter((cidr) => cidr !== undefined);
	const isPair = new Set(known.map(familyOfCIDR)).size === known.length && known.length <= 2;
	if (known.length === parsed.length && isPair) return [];
	const rule = "must be an address and a prefix length, or one for each of IPv4 and IPv6";
	return [problem("clusterCIDR", rule, clusterCIDR)];
}

function problem(path: string, rule: string, value: FieldValue): FieldProblem {
	return { path, reason: `${rule}, is ${JSON.stringify(value)}` };
}
