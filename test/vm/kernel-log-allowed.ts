import type { KernelName } from "./lib/kernels.ts";

/** Something that kernels say although all is well. */
export interface Allowed {
	readonly pattern: RegExp;
	readonly kernels: readonly KernelName[];
	readonly reason: string;
}

/** Everything else that looks like an alarm in a guest's kernel log fails the run. */
export const ALLOWED: readonly Allowed[] = [
	{
		pattern: /unregister_netdevice: waiting for lo to become free/,
		kernels: ["5.10"],
		reason:
			"bpf_redirect_neigh() does not release the route that a packet of the node itself has (skb_dst_set() over it; " +
			"Linux 6.18 and its stable releases do): the namespace of a node that redirected such packets is never freed",
	},
];
