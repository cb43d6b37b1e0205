import type { ServiceView } from "./cluster.ts";
import type { Family } from "./objects.ts";
import { healthPortOf } from "./reach.ts";

/** What load balancers are told of a Service at its healthCheckNodePort. */
export interface ServiceHealth {
	/** 1..65535 */
	readonly port: number;
	/** Ready endpoints on this node: different addresses of one family, over all ports. */
	readonly localEndpoints: Readonly<Record<Family, number>>;
}

/**
 * undefined: nobody asks (kube-proxy's NeedsHealthCheck). Terminating endpoints do not count, even
 * while they serve: load balancers should leave a node that has no others.
 */
export function serviceHealth({ service, slices, node }: ServiceView): ServiceHealth | undefined {
	const port = healthPortOf(service);
	if (port === 0) return undefined;
	const found = { IPv4: new Set<string>(), IPv6: new Set<string>() };
	for (const { family, endpoints, ports } of slices) {
		const isServed = ports.some((one) =>
			service.ports.some((two) => one.name === two.name && one.protocol === two.protocol),
		);
		if (!isServed) continue;
		for (const { address, ready, nodeName } of endpoints) {
			if (ready && nodeName !== "" && nodeName === node.name) found[family].add(address);
		}
	}
	return { port, localEndpoints: { IPv4: found.IPv4.size, IPv6: found.IPv6.size } };
}
