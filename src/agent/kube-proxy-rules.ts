/** Whether a kube-proxy translates, or has translated, connections in this network namespace. */
import type { Addon } from "../dataplane/addon.ts";
import { ipvsLines, procLines } from "./proc-lines.ts";

type Netfilter = Pick<Addon, "nftBaseChains" | "nftChains" | "iptablesChains">;

/** The chain that every packet for a Service passes in modes iptables and ipvs. */
const CHAIN = "KUBE-SERVICES";
/** The table of mode nftables, in both families. */
const TABLE = "kube-proxy";

/**
 * What there is of kube-proxy's rules, in words; undefined: nothing. They stay when kube-proxy is
 * stopped, until `kube-proxy --cleanup` or a restart of the machine.
 */
export function kubeProxyRules(addon: Netfilter): string | undefined {
	if (addon.nftBaseChains()?.some(({ table }) => table === TABLE)) return `nftables table ${TABLE}`;
	if (addon.nftChains(CHAIN)?.some(({ table }) => table === "nat")) {
		return `iptables-nft chain ${CHAIN}`;
	}
	for (const family of ["ip", "ip6"] as const) {
		const hasNat = procLines(`/proc/net/${family}_tables_names`).includes("nat");
		if (hasNat && addon.iptablesChains(family, "nat").includes(CHAIN)) {
			return `${family}tables-legacy chain ${CHAIN}`;
		}
	}
	return ipvsLines().length > 0 ? "IPVS virtual servers" : undefined;
}
