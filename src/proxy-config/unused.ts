/** Fields that mean nothing to Sluice, and what happens instead. */
import { defaultConfiguration } from "./defaults.ts";
import { fieldOf } from "./fields.ts";
import type { KubeProxyConfiguration } from "./schema.ts";

const OWN_TRACKING = "Sluice keeps its own flow table; nf_conntrack is left alone";
const NO_RULES = "Sluice writes no netfilter or IPVS rule";
const NO_MARK = "no mark bit is used";
const OWN_PACE = "syncs are paced by --min-sync-period";
const FOUR_WATCHES = "four watches are all that is asked of the server";
const ONE_FORMAT = "logs are JSON, or text on a terminal";
const TO_STDERR = "logs go to standard error";
const NOT_WINDOWS = "this is not Windows";

const JSON_TYPES = ["", "application/json", "application/vnd.kubernetes.protobuf"];

/** By path. `mode` selects sections all the same; see mode-fields.ts. */
export const UNUSED: Readonly<Record<string, string>> = {
	featureGates: "there are no feature gates",
	"clientConnection.acceptContentTypes": "JSON is used",
	"clientConnection.contentType": "JSON is used",
	"clientConnection.qps": FOUR_WATCHES,
	"clientConnection.burst": FOUR_WATCHES,
	"logging.format": ONE_FORMAT,
	"logging.flushFrequency": "logs are not buffered",
	"logging.vmodule": "all files log as logging.verbosity (-v) says",
	"logging.options.text.splitStream": TO_STDERR,
	"logging.options.text.infoBufferSize": "logs are not buffered",
	"logging.options.json.splitStream": TO_STDERR,
	"logging.options.json.infoBufferSize": "logs are not buffered",
	enableProfiling: "there is no profiling endpoint",
	showHiddenMetricsForVersion: "no metric is hidden",
	mode: "the mode is always ebpf, with this mode's settings and defaults",
	"iptables.masqueradeBit": NO_MARK,
	"iptables.minSyncPeriod": OWN_PACE,
	"ipvs.minSyncPeriod": OWN_PACE,
	"ipvs.scheduler": "backends are picked at random",
	"ipvs.excludeCIDRs": NO_RULES,
	"ipvs.strictARP": "no service address is put on a device",
	"nftables.masqueradeBit": NO_MARK,
	"nftables.minSyncPeriod": OWN_PACE,
	"winkernel.networkName": NOT_WINDOWS,
	"winkernel.sourceVip": NOT_WINDOWS,
	"winkernel.enableDSR": NOT_WINDOWS,
	"winkernel.rootHnsEndpointName": NOT_WINDOWS,
	"winkernel.forwardHealthCheckVip": NOT_WINDOWS,
	"conntrack.tcpBeLiberal": OWN_TRACKING,
	configSyncPeriod: "the watch is never resynced by time",
	portRange: "kube-proxy does not use it either",
	windowsRunAsService: NOT_WINDOWS,
};

const IPTABLES_MASQUERADE = [
	"iptables.masqueradeAll",
	"in mode nftables, nftables.masqueradeAll counts",
] as const;

/** Fields that count in one mode only. */
const OF_MODE: Readonly<Record<string, string>> = {
	"iptables.syncPeriod": "iptables",
	"ipvs.syncPeriod": "ipvs",
	"ipvs.tcpTimeout": "ipvs",
	"ipvs.tcpFinTimeout": "ipvs",
	"ipvs.udpTimeout": "ipvs",
	"nftables.syncPeriod": "nftables",
	"nftables.masqueradeAll": "nftables",
};

export interface UnusedField {
	readonly path: string;
	readonly instead: string;
}

/** The fields that say something else than by default, and have no effect. */
export function unusedFields(config: KubeProxyConfiguration): UnusedField[] {
	const defaults = defaultConfiguration();
	const isAsEver = (path: string): boolean =>
		JSON.stringify(fieldOf(config, path)) === JSON.stringify(fieldOf(defaults, path));
	const mode = config.mode || "iptables";
	const others = Object.entries(OF_MODE).filter(([, of]) => of !== mode);
	const unused = [
		...Object.entries(UNUSED),
		...others.map(([path, of]): [string, string] => [path, `it counts in mode ${of} only`]),
		...(mode === "nftables" ? [IPTABLES_MASQUERADE] : []),
	];
	return unused
		.map(([path, instead]) => ({ path, instead }))
		.filter(({ path }) => !isAsEver(path) && !isMet(path, fieldOf(config, path)));
}

/** What is wanted is what happens anyway. */
function isMet(path: string, value: unknown): boolean {
	if (path === "logging.format") return value === "json";
	return path.endsWith("ontentType") || path.endsWith("ContentTypes")
		? JSON_TYPES.includes(String(value))
		: false;
}
