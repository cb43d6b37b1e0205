/**
 * Whether packets may be redirected past the node's stack (forwarding mode auto): only where nobody
 * else's hook would be bypassed. What cannot be determined counts as a foreign hook.
 */
import type { NetfilterHook } from "../dataplane/addon.ts";

/**
 * Functions that netfilter registers for connection tracking, defragmentation and the bridge's hand-over to
 * the IP hooks. They decide nothing, and a flow that is redirected in both directions is simply
 * unknown to them.
 */
const OWN_FUNCTIONS = new Set([
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
]);

const FAMILIES = new Set(["ipv4", "ipv6", "inet", "bridge"]);
/** NF_INET_PRE_ROUTING, NF_INET_FORWARD, NF_INET_POST_ROUTING: what forwarded packets pass. */
const PASSED_HOOKS = new Set([0, 2, 4]);

/** The first hook that a redirected packet would bypass; undefined: none. */
export function foreignHook(hooks: readonly NetfilterHook[] | undefined): string | undefined {
	if (hooks === undefined) return "netfilter hooks cannot be listed on this kernel";
	const foreign = hooks.find(
		(hook) =>
			FAMILIES.has(hook.family) && PASSED_HOOKS.has(hook.hook) && !OWN_FUNCTIONS.has(hook.function),
	);
	if (foreign === undefined) return undefined;
	const where = foreign.table === "" ? foreign.function : `${foreign.table} ${foreign.chain}`;
	return `${foreign.family} netfilter hook ${where}`;
}
