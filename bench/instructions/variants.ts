import { FlowWay } from "../../src/layout/structs.ts";
import type { Place } from "./objects.ts";
import type { RuleSet } from "./peers/capture.ts";

/** How a client of a counted guest reaches its server. */
export interface Variant {
	/** As guest/datapath.sh knows it. */
	readonly name: string;
	/** What it is, for people. */
	readonly what: string;
	readonly place: Place;
	/** The variant that its ratio is taken to. */
	readonly base: "direct" | "direct-far";
	/** One of Sluice's own paths. */
	readonly own: boolean;
	/** Way that flow entries must have gone; undefined: there must be none. */
	readonly way?: number;
	/** kube-proxy's rules that the guest loads. */
	readonly rules?: RuleSet;
}

const near = { place: "near", base: "direct", own: false } as const;
const ownNear = { ...near, own: true } as const;

export const VARIANTS: readonly Variant[] = [
	{ name: "direct", what: "the pod's own address", ...near },
	{
		name: "direct-far",
		what: "a far server's own address",
		place: "far",
		base: "direct-far",
		own: false,
	},
	{ name: "direct-ct", what: "direct, nf_conntrack active", ...near },
	{ name: "socket", what: "Sluice, socket hooks", ...ownNear },
	{ name: "peer", what: "Sluice, packets, redirect_peer", ...ownNear, way: FlowWay.WAY_PEER },
	{
		...{
			name: "fib",
			what: "Sluice, packets, fib and redirect_neigh",
			place: "far",
			base: "direct-far",
		},
		...{ own: true, way: FlowWay.WAY_NEIGH },
	},
	{ name: "stack", what: "Sluice, packets, the node's stack", ...ownNear, way: FlowWay.WAY_STACK },
	{
		...{ name: "iptables-legacy", what: "kube-proxy iptables, legacy interface", ...near },
		rules: "iptables",
	},
	{
		...{ name: "iptables-nft", what: "kube-proxy iptables, interface over nf_tables", ...near },
		rules: "iptables",
	},
	{ name: "nftables", what: "kube-proxy nftables", ...near, rules: "nftables" },
	{ name: "ipvs", what: "kube-proxy ipvs, rr", ...near, rules: "ipvs" },
];

export function variant(name: string): Variant {
	const found = VARIANTS.find((one) => one.name === name);
	if (found === undefined) {
		throw new Error(`no variant ${name}: ${VARIANTS.map((one) => one.name).join(" ")}`);
	}
	return found;
}
