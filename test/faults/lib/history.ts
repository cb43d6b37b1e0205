import { service, slice } from "../../lib/objects.ts";
import { NODE } from "../../unit/sync/lib.ts";
import type { Step } from "./process.ts";

/** What happens to a small cluster, step by step, from nothing on. */
export interface History {
	readonly name: string;
	readonly steps: readonly Step[];
	/**
	 * Changes of one step, at most three, are those of several objects that know nothing of each other:
	 * clients may meet what is there when only some of them are known.
	 */
	readonly apart?: boolean;
}

/** The address that most of it is about. */
export const VIP = "10.96.0.1";
/** Ports of its Service. */
export const HTTP = ["http:80/TCP"] as const;
/** Ports of its endpoints. */
export const PODS = ["http:8080/TCP"] as const;
/** Its Service. */
export const web = service("web", VIP, HTTP);
/** A slice of its Service. */
export const webPods = (...addresses: readonly string[]) => slice("web-a", PODS, addresses);
/** Its endpoints at first. */
export const two = webPods("10.0.0.1", "10.0.0.2");
/** A Service of UDP. */
export const dns = service("dns", "10.96.0.2", ["dns:53/UDP"]);
/** A slice of it. */
export const dnsPods = (...addresses: readonly string[]) =>
	slice("dns-a", ["dns:5353/UDP"], addresses);
/** An endpoint on the agent's own node. */
export const here = { nodeName: NODE };
/** A Service whose policy is Local. */
export const onLocal = { internalTrafficPolicy: "Local" } as const;

/** Addresses of so many endpoints. */
export const range = (count: number, first = 1): string[] =>
	Array.from({ length: count }, (_, i) => `10.0.1.${first + i}`);
