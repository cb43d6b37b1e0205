/**
 * kube-proxy's defaults: SetDefaults_KubeProxyConfiguration() of pkg/proxy/apis/config/v1alpha1, and
 * those of detectLocalMode and, in mode nftables, nodePortAddresses, which it fills in later
 * (platformApplyDefaults() of cmd/kube-proxy/app). The mode stays empty: Sluice has one only.
 */
import { isIP, isIPv6 } from "node:net";
import { emptyConfiguration } from "./decode.ts";
import { type FieldValue, fieldOf, typeOfField, withFields } from "./fields.ts";
import type { DecodedConfiguration, KubeProxyConfiguration } from "./schema.ts";

const HEALTHZ_PORT = 10256;
const METRICS_PORT = 10249;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const DEFAULTS: Readonly<Record<string, FieldValue>> = {
	bindAddress: "0.0.0.0",
	oomScoreAdj: -999,
	detectLocalMode: "ClusterCIDR",
	configSyncPeriod: 15 * MINUTE_MS,
	"iptables.masqueradeBit": 14,
	"iptables.localhostNodePorts": true,
	"iptables.syncPeriod": 30 * SECOND_MS,
	"iptables.minSyncPeriod": SECOND_MS,
	"ipvs.syncPeriod": 30 * SECOND_MS,
	"nftables.masqueradeBit": 14,
	"nftables.syncPeriod": 30 * SECOND_MS,
	"nftables.minSyncPeriod": SECOND_MS,
	"conntrack.maxPerCore": 32 * 1024,
	"conntrack.min": 128 * 1024,
	"conntrack.tcpEstablishedTimeout": 24 * HOUR_MS,
	"conntrack.tcpCloseWaitTimeout": HOUR_MS,
	"clientConnection.contentType": "application/vnd.kubernetes.protobuf",
	"clientConnection.qps": 5,
	"clientConnection.burst": 10,
	"logging.format": "text",
	"logging.flushFrequency": 5 * SECOND_MS,
	"logging.options.text.infoBufferSize": "0",
	"logging.options.json.infoBufferSize": "0",
};

/** Fills in what is zero or empty; of pointers, what is null. */
export function withDefaults(decoded: DecodedConfiguration): KubeProxyConfiguration {
	const isOpen = (path: string): boolean => {
		const value = fieldOf(decoded, path);
		const isPointer = typeOfField(path)?.endsWith("?") ?? false;
		return isPointer ? value === null : value === 0 || value === "";
	};
	const isNftables = decoded.mode === "nftables" && decoded.nodePortAddresses.length === 0;
	const listen = defaultAddresses(decoded.bindAddress);
	const { healthzBindAddress: healthz, metricsBindAddress: metrics } = decoded;
	return withFields(
		decoded,
		new Map([
			...Object.entries(DEFAULTS).filter(([path]) => isOpen(path)),
			...(isNftables ? [["nodePortAddresses", ["primary"]] as const] : []),
			["healthzBindAddress", appendPort(healthz || listen.healthz, HEALTHZ_PORT)],
			["metricsBindAddress", appendPort(metrics || listen.metrics, METRICS_PORT)],
		]),
	) as KubeProxyConfiguration;
}

/** The configuration of an empty file. */
export function defaultConfiguration(): KubeProxyConfiguration {
	return withDefaults(emptyConfiguration());
}

/** An address with its port; IPv6 in brackets. What is no address stays as it is. */
export function appendPort(address: string, port: number): string {
	const bare = /^\[(.*)\]$/.exec(address)?.[1] ?? address;
	if (isIP(bare) === 0) return address;
	return isIPv6(bare) ? `[${bare}]:${port}` : `${bare}:${port}`;
}

function defaultAddresses(bindAddress: string): { healthz: string; metrics: string } {
	return isIPv6(bindAddress)
		? { healthz: "[::]", metrics: "[::1]" }
		: { healthz: "0.0.0.0", metrics: "127.0.0.1" };
}
