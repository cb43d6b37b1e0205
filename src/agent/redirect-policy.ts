/**
 * Whether packets may be redirected past the node's stack (forwarding mode auto): only where nobody
 * else's hook would be bypassed. What cannot be determined counts as a foreign hook.
 */
import type { NetfilterHook, NftChain } from "../dataplane/addon.ts";

/** What is known of netfilter in this network namespace. */
export interface NetfilterView {
	/** undefined: this kernel cannot list them; the other fields have to do. */
	readonly hooks: readonly NetfilterHook[] | undefined;
	/** undefined: there is no nf_tables. */
	readonly chains: readonly NftChain[] | undefined;
	/** Other users of netfilter: iptables-legacy tables, ebtables, IPVS. */
	readonly others: readonly string[];
}

/**
 * Functions that netfilter registers for connection tracking, defragmentation and the bridge's
 * hand-over to the IP hooks. They decide nothing, and a flow that is redirected in both directions
 * is simply unknown to them. AppArmor's accept every packet that no socket of the node sends, and
 * forwarded packets have none (security/apparmor/lsm.c).
 */
const HARMLESS = new Set([
	"ipv4_conntrack_defrag",
	"ipv6_defrag",
	"ipv4_conntrack_in",
	"ipv6_conntrack_in",
	"ipv4_conntrack_local",
	"ipv6_conntrack_local",
	"nf_confirm",
	"ipv4_confirm",
	"ipv6_confirm",
	"ipv4_helper",
	"ipv6_helper",
	"br_nf_pre_routing",
	"br_nf_local_in",
	"br_nf_forward",
	"br_nf_forward_ip",
	"br_nf_forward_arp",
	"br_nf_post_routing",
	"ip_sabotage_in",
	"apparmor_ip_postroute",
	"apparmor_ipv4_postroute",
	"apparmor_ipv6_postroute",
]);

/** NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING: what forwarded packets pass. */
const PASSED_HOOKS = new Set([0, 2, 4]);

/** The first hook that a redirected packet would bypass, in words; undefined: none. */
export function foreignHook(view: NetfilterView): string | undefined {
	const chain = view.chains?.find(isForeignChain);
	if (chain !== undefined) return `nftables chain ${chain.family} ${chain.table} ${chain.name}`;
	if (view.hooks === undefined) return view.others[0];
	const hook = view.hooks.find(isForeignHook);
	return hook === undefined ? undefined : `${hook.family} netfilter hook ${hook.function}`;
}

/** An empty chain that accepts changes nothing. */
function isForeignChain(chain: NftChain): boolean {
	if (chain.family === "arp" || (chain.rules === 0 && chain.accepts)) return false;
	return chain.family === "netdev" || PASSED_HOOKS.has(chain.hook);
}

/** nftables' chains have been judged by what is in them. */
function isForeignHook(hook: NetfilterHook): boolean {
	if (hook.function.startsWith("nft_do_chain")) return false;
	if (hook.family === "netdev") return true;
	return PASSED_HOOKS.has(hook.hook) && !HARMLESS.has(hook.function);
}
