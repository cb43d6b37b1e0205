/**
 * Services, as "ADDRESS:PORT", in the order in which iptables compares a packet with them: `listing`
 * is what `iptables -t nat -S KUBE-SERVICES` prints. kube-proxy writes them in an order of chance.
 */
export function chainOrder(listing: string): string[] {
	const rule = /^-A KUBE-SERVICES -d ([0-9.]+)\/32 .*--dport (\d+) -j KUBE-SVC-/;
	return listing.split("\n").flatMap((line) => {
		const [, address, port] = rule.exec(line) ?? [];
		return address === undefined ? [] : `${address}:${port}`;
	});
}

/** A Service with its place in the order, from 0. */
export interface Placed {
	readonly target: string;
	readonly place: number;
}

/**
 * Of some Services the one nearest to a place in the order, which is a share of its length: 1 is the
 * last. Throws RangeError when none of them is in it.
 */
export function nearest(
	order: readonly string[],
	targets: readonly string[],
	share: number,
): Placed {
	const wanted = share * (order.length - 1);
	const [found] = targets
		.map((target) => ({ target, place: order.indexOf(target) }))
		.filter(({ place }) => place >= 0)
		.toSorted((a, b) => Math.abs(a.place - wanted) - Math.abs(b.place - wanted));
	if (found === undefined) throw new RangeError("none of the Services has a rule");
	return found;
}
