/**
 * The lab's address plan, the same in every lab: each lab has its own namespaces. The nodes and the
 * outside client share one wire; every node has a pod subnet of each family.
 */

/** The wire's own address: everybody's default gateway. */
export const WIRE = { v4: "192.0.2.1", v6: "2001:db8::1" } as const;

export const OUTSIDE_CLIENT = { v4: "192.0.2.100", v6: "2001:db8::100" } as const;

export const SERVICE_CIDRS = ["10.96.0.0/16", "fd00:96::/112"] as const;

/** Link-local gateway of routed pods; the node answers ARP for it. */
export const POD_GATEWAY = { v4: "169.254.1.1", v6: "fe80::1" } as const;

export interface AddressPair {
	readonly v4: string;
	readonly v6: string;
}

/** Nodes are numbered from 1. */
export function nodeAddress(node: number): AddressPair {
	return { v4: `192.0.2.${10 + node}`, v6: `2001:db8::${10 + node}` };
}

/** Pods of a node are numbered from 2; 1 is the bridge. */
export function podAddress(node: number, pod: number): AddressPair {
	return { v4: `10.1.${node}.${pod}`, v6: `fd00:10:1:${node}::${pod}` };
}

export function podSubnet(node: number): AddressPair {
	return { v4: `10.1.${node}.0/24`, v6: `fd00:10:1:${node}::/64` };
}

/** Address of a node's VXLAN device: the subnet's first, as flannel does it. */
export function overlayAddress(node: number): AddressPair {
	return { v4: `10.1.${node}.0`, v6: `fd00:10:1:${node}::` };
}

/** MAC of a node's VXLAN device. */
export function overlayMac(node: number): string {
	return `02:00:00:00:01:${node.toString(16).padStart(2, "0")}`;
}

/** "1.2.3.4:80" or "[fd00::1]:80". */
export function endpoint(address: string, port: number): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
