/** Fields that kube-proxy takes from the section of its mode. */
import type { KubeProxyConfiguration } from "./schema.ts";

/** Paths of syncPeriod and minSyncPeriod. */
export function syncPeriodPaths(mode: string): {
	readonly period: string;
	readonly minPeriod: string;
} {
	const section = mode === "ipvs" || mode === "nftables" ? mode : "iptables";
	return { period: `${section}.syncPeriod`, minPeriod: `${section}.minSyncPeriod` };
}

/** Path of masqueradeAll. */
export function masqueradeAllPath(mode: string): string {
	return mode === "nftables" ? "nftables.masqueradeAll" : "iptables.masqueradeAll";
}

/** syncPeriod in ms. */
export function syncPeriodMs({ mode, iptables, ipvs, nftables }: KubeProxyConfiguration): number {
	if (mode === "ipvs") return ipvs.syncPeriod;
	return mode === "nftables" ? nftables.syncPeriod : iptables.syncPeriod;
}
