import fc from "fast-check";
import type { Change } from "../../../src/model/objects.ts";
import { endpoint, gone, service, slice } from "../../lib/objects.ts";
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
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
	fc
		.tuple(anyService, fc.nat(2), fc.subarray(["http:80/TCP", "dns:53/UDP"] as const), fc.boolean())
		.map(([name, ip, ports, isLocal]) =>
			service(name, `10.96.0.${ip}`, ports, {
				internalTrafficPolicy: isLocal ? "Local" : "Cluster",
			}),
		),
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
