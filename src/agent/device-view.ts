/**
 * Which network devices are served, and as what: decided from what rtnetlink says, without any
 * effect. Uplinks lead out of the node, pod devices are the host ends of pods' devices.
 */
import type { Link, LinkAddress, Route } from "../dataplane/addon.ts";

/** The node's network as rtnetlink shows it. */
export interface NetworkView {
	readonly links: readonly Link[];
	readonly addresses: readonly LinkAddress[];
	/** Default routes; others may be missing. */
	readonly routes: readonly Route[];
}

export interface DevicePatterns {
	readonly uplinks: readonly string[];
	readonly podDevices: readonly string[];
}

export interface ServedDevice {
	readonly ifindex: number;
	readonly name: string;
	readonly kind: "pod" | "uplink" | "loopback";
	/** ifindex of the bridge it belongs to; 0: none. */
	readonly master: number;
	/** "aa:bb:cc:dd:ee:ff"; "" when it has none. */
	readonly mac: string;
	readonly mtu: number;
	/** Packets carry an Ethernet header. */
	readonly ethernet: boolean;
	/** A veth whose other end is in another network namespace. */
	readonly peer: boolean;
	/** Source for masquerade out of this device, in canonical text; "": none of its own. */
	readonly masq4: string;
	readonly masq6: string;
	/** The pod's network namespace, by the id that the node's namespace has for it; -1: not known. */
	readonly netnsId: number;
}

const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
const RT_SCOPE_UNIVERSE = 0;
/** IFA_F_SECONDARY, IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE */
const IFA_F_UNFIT = 0x01 | 0x08 | 0x20 | 0x40;

/** Tunnels between nodes: packets of other nodes' pods arrive by them. */
const TUNNELS = new Set([
	"vxlan",
	"geneve",
	"gre",
	"gretap",
	"ip6gre",
	"ip6gretap",
	"ipip",
	"ip6tnl",
	"sit",
	"wireguard",
	"tun",
]);
/** Devices that lead nowhere by themselves, or whose ports are served instead. */
const NEVER_UPLINK = new Set(["bridge", "dummy", "ifb", "veth", "netkit", "ovs", "nlmon"]);

/** `nodeAddresses`: the Node object's addresses; their devices are uplinks. */
export function servedDevices(
	view: NetworkView,
	patterns: DevicePatterns,
	nodeAddresses: readonly string[],
): ServedDevice[] {
	const uplinks = uplinkIndexes(view, patterns.uplinks, nodeAddresses);
	const served: ServedDevice[] = [];
	for (const link of view.links) {
		const kind = kindOf(link, uplinks, patterns.podDevices);
		if (kind !== undefined) served.push(describe(link, kind, view));
	}
	return served;
}

function kindOf(
	link: Link,
	uplinks: ReadonlySet<number>,
	podPatterns: readonly string[],
): ServedDevice["kind"] | undefined {
	if ((link.flags & IFF_LOOPBACK) !== 0) return link.name === "lo" ? "loopback" : undefined;
	if (uplinks.has(link.ifindex)) return "uplink";
	if (podPatterns.length > 0) return matchesAny(link.name, podPatterns) ? "pod" : undefined;
	return isPodDevice(link) ? "pod" : undefined;
}

/** The other end is in another network namespace, or in a virtual machine. */
function isPodDevice(link: Link): boolean {
	if (isPair(link)) return link.linkNetnsId >= 0;
	return link.kind === "tun" && link.slaveKind === "bridge";
}

function isPair(link: Link): boolean {
	return link.kind === "veth" || link.kind === "netkit";
}

function uplinkIndexes(
	view: NetworkView,
	patterns: readonly string[],
	nodeAddresses: readonly string[],
): ReadonlySet<number> {
	if (patterns.length > 0) {
		const chosen = view.links.filter((link) => matchesAny(link.name, patterns));
		return new Set(chosen.map((link) => link.ifindex));
	}
	const found = new Set(defaultRoutes(view).flatMap((route) => route.ifindexes));
	const addressed = new Set<number>();
	for (const { ifindex, address, scope } of view.addresses) {
		if (nodeAddresses.includes(address)) found.add(ifindex);
		if (scope === RT_SCOPE_UNIVERSE) addressed.add(ifindex);
	}
	for (const link of view.links) {
		if (leadsOut(link, addressed.has(link.ifindex))) found.add(link.ifindex);
	}
	return found;
}

function leadsOut(link: Link, addressed: boolean): boolean {
	if ((link.flags & IFF_UP) === 0 || link.slaveKind !== "") return false;
	if (TUNNELS.has(link.kind)) return true;
	return addressed && !NEVER_UPLINK.has(link.kind);
}

/** Default routes, the preferred one of each family first. */
export function defaultRoutes(view: NetworkView): Route[] {
	const routes = view.routes.filter(
		(route) => route.prefixLength === 0 && route.ifindexes.length > 0,
	);
	return routes.sort((a, b) => a.priority - b.priority);
}

function describe(link: Link, kind: ServedDevice["kind"], view: NetworkView): ServedDevice {
	const own = (family: "IPv4" | "IPv6"): string => {
		if (kind === "loopback") return "";
		const address = primaryAddress(view, link.ifindex, family);
		return address === "" && kind === "pod" && link.master !== 0
			? primaryAddress(view, link.master, family)
			: address;
	};
	return {
		ifindex: link.ifindex,
		name: link.name,
		kind,
		master: link.slaveKind === "bridge" ? link.master : 0,
		mac: link.mac,
		mtu: link.mtu,
		ethernet: link.type === ARPHRD_ETHER || link.type === ARPHRD_LOOPBACK,
		peer: link.kind === "veth" && link.linkNetnsId >= 0,
		masq4: own("IPv4"),
		masq6: own("IPv6"),
		netnsId: kind === "pod" && isPair(link) ? link.linkNetnsId : -1,
	};
}

/** First address of the device that may be a source towards anywhere; "": none. */
export function primaryAddress(
	view: NetworkView,
	ifindex: number,
	family: "IPv4" | "IPv6",
): string {
	const fit = view.addresses.find(
		(entry) =>
			entry.ifindex === ifindex &&
			entry.family === family &&
			entry.scope === RT_SCOPE_UNIVERSE &&
			(entry.flags & IFA_F_UNFIT) === 0 &&
			!entry.address.startsWith("169.254."),
	);
	return fit?.address ?? "";
}

/** Shell-like patterns: * and ? only. */
export function matchesAny(name: string, patterns: readonly string[]): boolean {
	return patterns.some((pattern) => {
		const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
		return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
	});
}
