import { familyOf } from "./address.ts";
import { isLinkLocal, isLoopback, isUnspecificOrMulticast } from "./address-kinds.ts";
import { containsAddress, familyOfCIDR } from "./cidr.ts";
import type { Address, Cidr, Family } from "./objects.ts";
import type { ServiceProxySettings } from "./proxy-settings.ts";

/** Words that stand for addresses in nodePortAddresses. */
export const NODE_PORT_KEYWORDS = ["primary", "localhost", "all"] as const;

/** The addresses of this node. */
export interface NodeAddresses {
	/** All that its devices have. */
	readonly local: readonly Address[];
	/** The one of each family by which others know it. */
	readonly primary: readonly Address[];
}

/** What the node and its configuration say about every Service. One object until one of them changes. */
export interface NodeReach {
	readonly settings: ServiceProxySettings;
	/** Where node ports are served. Loopback addresses among them are for the node itself. */
	readonly nodePortAddresses: ReadonlySet<Address>;
	readonly primary: readonly Address[];
	/** Prefixes of the cluster's pods, as far as detectLocalMode knows them. */
	readonly podCIDRs: readonly Cidr[];
	/** Families in which something tells the cluster's pods from other clients. */
	readonly detects: ReadonlySet<Family>;
}

/** @param podCIDRs the own Node's */
export function nodeReach(
	settings: ServiceProxySettings,
	addresses: NodeAddresses,
	podCIDRs: readonly Cidr[],
): NodeReach {
	const known = detectedCIDRs(settings, podCIDRs);
	return {
		settings,
		nodePortAddresses: nodePortAddresses(settings, addresses),
		primary: addresses.primary,
		podCIDRs: known,
		detects: new Set(detectsByDevice(settings) ? ["IPv4", "IPv6"] : known.map(familyOfCIDR)),
	};
}

/**
 * The local addresses that nodePortAddresses selects. A family of which nothing is listed is not
 * restricted. Link-local addresses are never among them, since they are known on one link only.
 */
function nodePortAddresses(
	settings: ServiceProxySettings,
	{ local, primary }: NodeAddresses,
): ReadonlySet<Address> {
	const { nodePortAddresses: listed, localhostNodePorts } = settings;
	const selects = (address: Address): boolean => {
		const family = familyOf(address);
		const entries = listed.filter((entry) => isKeyword(entry) || familyOf(entry) === family);
		return entries.length === 0 || entries.some((entry) => entrySelects(entry, address, primary));
	};
	const served = local.filter(
		(address) =>
			!isLinkLocal(address) &&
			!isUnspecificOrMulticast(address) &&
			(localhostNodePorts || !isLoopback(address)) &&
			selects(address),
	);
	return new Set(served);
}

function entrySelects(entry: string, address: Address, primary: readonly Address[]): boolean {
	if (entry === "all") return true;
	if (entry === "localhost") return isLoopback(address);
	if (entry === "primary") return primary.includes(address);
	return containsAddress(entry, address);
}

function isKeyword(entry: string): boolean {
	return NODE_PORT_KEYWORDS.some((keyword) => keyword === entry);
}

function detectedCIDRs(settings: ServiceProxySettings, podCIDRs: readonly Cidr[]): readonly Cidr[] {
	if (settings.detectLocalMode === "ClusterCIDR") return settings.clusterCIDRs;
	return settings.detectLocalMode === "NodeCIDR" ? podCIDRs : [];
}

function detectsByDevice(settings: ServiceProxySettings): boolean {
	const { detectLocalMode: mode, podBridgeInterface, podInterfaceNamePrefix } = settings;
	if (mode === "BridgeInterface") return podBridgeInterface !== "";
	return mode === "InterfaceNamePrefix" && podInterfaceNamePrefix !== "";
}
