import { familyOf } from "./address.ts";
import { containsAddress, familyOfCIDR, hostCIDR, lengthOfCIDR } from "./cidr.ts";
import type { NodeReach } from "./node-reach.ts";
import type { Cidr, Family, Service } from "./objects.ts";

/**
 * The clients that may use the load balancer IPs of a family; empty: all. One /0 opens the family,
 * and ranges of the other family say nothing of this one. When the node itself is in a range, so are
 * the load balancer IPs: the node's packets to its own IP may come from it.
 */
export function sourceRanges(
	service: Service,
	family: Family,
	reach: NodeReach,
): ReadonlySet<Cidr> {
	const ranges = service.loadBalancerSourceRanges.filter((one) => familyOfCIDR(one) === family);
	if (ranges.some((range) => lengthOfCIDR(range) === 0)) return new Set();
	const allowed = new Set(ranges);
	const isNodeIn = reach.primary.some((address) =>
		ranges.some((range) => containsAddress(range, address)),
	);
	if (!isNodeIn) return allowed;
	for (const address of service.loadBalancerIPs) {
		if (familyOf(address) === family) allowed.add(hostCIDR(address));
	}
	return allowed;
}
