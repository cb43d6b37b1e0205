/** kube-proxy's flags and the fields of its configuration file: each in terms of the other. */
import { UsageError } from "./config.ts";
import { parseFieldText, textOfField } from "./config-flag-text.ts";
import { within } from "./config-parse.ts";
import { fieldOf, typeOfField, withFields } from "./proxy-config/fields.ts";
import { masqueradeAllPath, syncPeriodPaths } from "./proxy-config/mode-fields.ts";
import type { KubeProxyConfiguration } from "./proxy-config/schema.ts";

/** Options by commander's names; absent ones are undefined. */
export type FlagOptions = Readonly<Record<string, string | boolean | undefined>>;

type PathByMode = (mode: string) => string | undefined;
type Row = readonly [flag: string, path: string | PathByMode];

const ifIpvs =
	(field: "period" | "minPeriod"): PathByMode =>
	(mode) =>
		mode === "ipvs" ? syncPeriodPaths(mode)[field] : undefined;
const unlessIpvs =
	(field: "period" | "minPeriod"): PathByMode =>
	(mode) =>
		mode === "ipvs" ? undefined : syncPeriodPaths(mode)[field];

/** Count beside a configuration file too. */
const LOGGING: readonly Row[] = [
	["v", "logging.verbosity"],
	["vmodule", "logging.vmodule"],
	["logging-format", "logging.format"],
	["log-flush-frequency", "logging.flushFrequency"],
	["log-json-info-buffer-size", "logging.options.json.infoBufferSize"],
	["log-json-split-stream", "logging.options.json.splitStream"],
	["log-text-info-buffer-size", "logging.options.text.infoBufferSize"],
	["log-text-split-stream", "logging.options.text.splitStream"],
];

const ROWS: readonly Row[] = [
	...LOGGING,
	["hostname-override", "hostnameOverride"],
	["proxy-mode", "mode"],
	["feature-gates", "featureGates"],
	["kubeconfig", "clientConnection.kubeconfig"],
	["kube-api-content-type", "clientConnection.contentType"],
	["kube-api-qps", "clientConnection.qps"],
	["kube-api-burst", "clientConnection.burst"],
	["bind-address", "bindAddress"],
	["healthz-bind-address", "healthzBindAddress"],
	["metrics-bind-address", "metricsBindAddress"],
	["bind-address-hard-fail", "bindAddressHardFail"],
	["profiling", "enableProfiling"],
	["show-hidden-metrics-for-version", "showHiddenMetricsForVersion"],
	["oom-score-adj", "oomScoreAdj"],
	["config-sync-period", "configSyncPeriod"],
	["masquerade-all", masqueradeAllPath],
	["iptables-masquerade-bit", "iptables.masqueradeBit"],
	["iptables-localhost-nodeports", "iptables.localhostNodePorts"],
	["iptables-sync-period", unlessIpvs("period")],
	["iptables-min-sync-period", unlessIpvs("minPeriod")],
	["ipvs-sync-period", ifIpvs("period")],
	["ipvs-min-sync-period", ifIpvs("minPeriod")],
	["ipvs-scheduler", "ipvs.scheduler"],
	["ipvs-exclude-cidrs", "ipvs.excludeCIDRs"],
	["ipvs-strict-arp", "ipvs.strictARP"],
	["ipvs-tcp-timeout", "ipvs.tcpTimeout"],
	["ipvs-tcpfin-timeout", "ipvs.tcpFinTimeout"],
	["ipvs-udp-timeout", "ipvs.udpTimeout"],
	["detect-local-mode", "detectLocalMode"],
	["pod-bridge-interface", "detectLocal.bridgeInterface"],
	["pod-interface-name-prefix", "detectLocal.interfaceNamePrefix"],
	["cluster-cidr", "clusterCIDR"],
	["nodeport-addresses", "nodePortAddresses"],
	["conntrack-max-per-core", "conntrack.maxPerCore"],
	["conntrack-min", "conntrack.min"],
	["conntrack-tcp-be-liberal", "conntrack.tcpBeLiberal"],
	["conntrack-tcp-timeout-established", "conntrack.tcpEstablishedTimeout"],
	["conntrack-tcp-timeout-close-wait", "conntrack.tcpCloseWaitTimeout"],
	["conntrack-udp-timeout", "conntrack.udpTimeout"],
	["conntrack-udp-timeout-stream", "conntrack.udpStreamTimeout"],
];

/** Names of flags that a file takes the place of, without dashes in front. */
export const FILE_FLAGS: readonly string[] = ROWS.slice(LOGGING.length + 1).map(([flag]) => flag);
/** Names of flags that count beside a file: of a field that has a flag, the flag. */
export const FLAGS_OVER_FILE: readonly string[] = ROWS.slice(0, LOGGING.length + 1).map(
	([flag]) => flag,
);

/** Commander's name of a flag's option. */
export function optionName(flag: string): string {
	return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The flag of a field in that mode, without dashes in front; undefined: it has none. */
export function flagOfField(path: string, mode: string): string | undefined {
	return ROWS.find((row) => pathOf(row, mode) === path)?.[0];
}

/** The configuration with what the options say in place of its fields. Throws UsageError. */
export function withOptions(
	base: KubeProxyConfiguration,
	options: FlagOptions,
): KubeProxyConfiguration {
	const mode = String(options.proxyMode ?? base.mode);
	const values = new Map<string, unknown>();
	for (const row of ROWS) {
		const path = pathOf(row, mode);
		const text = options[optionName(row[0])];
		if (path === undefined || text === undefined) continue;
		values.set(path, parseFlag(row[0], path, String(text)));
	}
	return withFields(base, values);
}

/** The options that say what the configuration says. */
export function optionsOf(configuration: KubeProxyConfiguration): FlagOptions {
	const { mode } = configuration;
	const options = ROWS.flatMap((row) => {
		const path = pathOf(row, mode);
		const type = path === undefined ? undefined : typeOfField(path);
		if (path === undefined || type === undefined) return [];
		return [[optionName(row[0]), textOfField(type, fieldOf(configuration, path))]];
	});
	return Object.fromEntries(options);
}

function pathOf([, path]: Row, mode: string): string | undefined {
	return typeof path === "string" ? path : path(mode);
}

function parseFlag(flag: string, path: string, text: string): unknown {
	const type = typeOfField(path);
	if (type === undefined) throw new Error(`no field ${path}`);
	const name = flag.length === 1 ? `-${flag}` : `--${flag}`;
	return within(name, () => {
		const value = parseFieldText(type, text);
		if (value === undefined) throw new UsageError(`"${text}" is not understood`);
		return value;
	});
}
