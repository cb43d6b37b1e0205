import fc from "fast-check";
import type { Change, Service } from "../../../src/model/objects.ts";
import { endpoint, gone, node, service, serviceCIDR, slice } from "../../lib/objects.ts";
import { NODE } from "./lib.ts";

const addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
const anyEndpoint = fc
	.record({
		address: fc.constantFrom(...addresses),
		ready: fc.boolean(),
		serving: fc.boolean(),
		terminating: fc.boolean(),
		nodeName: fc.constantFrom("", NODE),
	})
	.map(({ address, ...more }) => endpoint(address, more));
const anyService = fc.constantFrom("a", "b", "c");
/** A change of one of few Services and slices. */
/** The node's addresses; the one is also claimed by Services. */
const NODE_ADDRESSES = ["192.168.0.1", "192.168.0.2"];
/** A Service reachable in all ways, of which several clash with those of others. */
const anyReach = fc.record({
	type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
	internalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
	externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
	externalIPs: fc.subarray(["198.51.100.7", "192.168.0.1", "10.96.0.1"]),
	loadBalancerIPs: fc.subarray(["203.0.113.7", "192.168.0.2"]),
	loadBalancerSourceRanges: fc.subarray(["192.0.2.0/24", "192.168.0.0/16", "0.0.0.0/0"]),
	affinitySeconds: fc.constantFrom(0, 10, 10_800),
} satisfies { [field in keyof Service]?: fc.Arbitrary<Service[field]> });
const anyNodePort = fc.constantFrom(0, 80, 30_080);
/** A change of one of few Services, slices and other objects. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
	fc
		.tuple(anyService, fc.nat(2), fc.subarray(["http:80/TCP", "dns:53/UDP"] as const), anyReach)
		.chain(([name, ip, ports, reach]) =>
			anyNodePort.map((nodePort) => {
				const change = service(name, `10.96.0.${ip}`, ports, reach);
				const numbered = change.object.ports.map((port) => ({ ...port, nodePort }));
				return { ...change, object: { ...change.object, ports: numbered } };
			}),
		),
	fc.subarray(NODE_ADDRESSES).map((addresses) => node(addresses)),
	fc.subarray(["10.96.0.0/16", "fd96::/112"]).map((cidrs) => serviceCIDR(cidrs)),
	anyService.map((name) => gone(service(name, "10.96.0.1", []))),
	fc
		.tuple(anyService, fc.constantFrom("x", "y"), fc.array(anyEndpoint, { maxLength: 4 }))
		.map(([name, suffix, endpoints]) =>
			slice(`${name}-${suffix}`, ["http:8080/TCP", "dns:5353/UDP"], endpoints),
		),
	fc
		.tuple(anyService, fc.constantFrom("x", "y"))
		.map(([name, suffix]) => gone(slice(`${name}-${suffix}`, [], []))),
);

/**
 * Changes that come together, at most one for each Service: of two, the one can be seen before the
 * other.
 */
export const anyChanges: fc.Arbitrary<Change[]> = fc.uniqueArray(anyChange, {
	minLength: 1,
	maxLength: 3,
	selector: ({ key }) => key.split("-")[0],
});

/** Draining backends and tombstones tell of the past; a fresh start knows only the present. */
export function present(dump: string): string {
	const lines = dump.split("\n").filter((line) => !/ draining|\/UDP -> .*|missing/.test(line));
	return lines.filter((line) => !/^ {2}\S+\/UDP -> /.test(line)).join("\n");
}

/** The objects after a series of changes, as a list of the last change of each. */
export function settled(...changes: readonly (readonly Change[])[]): Change[] {
	const last = new Map<string, Change>();
	for (const change of changes.flat()) last.set(`${change.kind} ${change.key}`, change);
	return [...last.values()].filter((change) => change.object !== undefined);
}
