/** The fields of a Service that say from where it is reached, and by whom. */
import { parseAddress } from "../model/address.ts";
import { isLoopback, isUnspecificOrMulticast } from "../model/address-kinds.ts";
import { parseCIDR } from "../model/cidr.ts";
import type { Address, Cidr } from "../model/objects.ts";
import { listOf, oneOf, optionalPortOf, type Skips } from "./decode.ts";
import { type Json, recordOf, show } from "./json.ts";

/** v1.DefaultClientIPServiceAffinitySeconds and the API's longest one, a day. */
const DEFAULT_AFFINITY_S = 10_800;
const MAX_AFFINITY_S = 86_400;

/** spec.externalIPs, each once. */
export function externalIPsOf(spec: Json, skips: Skips): readonly Address[] {
	return addressesOf(listOf(spec, "externalIPs", "spec", skips), "external IP", skips);
}

/** status.loadBalancer.ingress of ipMode VIP; one with a host name only is no address of ours. */
export function loadBalancerIPsOf(status: Json, skips: Skips): readonly Address[] {
	const balancer = recordOf(status.loadBalancer);
	const texts: unknown[] = [];
	for (const item of listOf(balancer, "ingress", "status.loadBalancer", skips)) {
		const { ip, ipMode = "VIP" } = recordOf(item);
		if ((ip ?? "") === "") continue;
		if (ipMode === "VIP" || ipMode === null) texts.push(ip);
		else if (ipMode === "Proxy") {
			skips.add(`load balancer IP ${show(ip)} is not served: ipMode Proxy leaves it to others`);
		} else skips.add(`load balancer IP ${show(ip)} has the unknown ipMode ${show(ipMode)}`);
	}
	return addressesOf(texts, "load balancer IP", skips);
}

/** spec.loadBalancerSourceRanges, each once. */
export function sourceRangesOf(spec: Json, skips: Skips): readonly Cidr[] {
	const ranges = new Set<Cidr>();
	for (const item of listOf(spec, "loadBalancerSourceRanges", "spec", skips)) {
		const range = typeof item === "string" ? parseCIDR(item) : undefined;
		if (range !== undefined) ranges.add(range);
		else skips.add(`source range ${show(item)} is not an address and a prefix length`);
	}
	return [...ranges];
}

/** How long sessionAffinity ClientIP keeps a client at its endpoint, in s; 0: it does not. */
export function affinitySecondsOf(spec: Json, skips: Skips): number {
	if (oneOf(["None", "ClientIP"], spec, "sessionAffinity", skips) === "None") return 0;
	const given = recordOf(recordOf(spec.sessionAffinityConfig).clientIP).timeoutSeconds;
	const seconds = given ?? DEFAULT_AFFINITY_S;
	if (
		typeof seconds === "number" &&
		Number.isInteger(seconds) &&
		seconds > 0 &&
		seconds <= MAX_AFFINITY_S
	) {
		return seconds;
	}
	const field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
	skips.add(`${field} is ${show(seconds)}; ${DEFAULT_AFFINITY_S} is assumed`);
	return DEFAULT_AFFINITY_S;
}

/** 0: none, or none that can be used. */
export function healthCheckNodePortOf(spec: Json, skips: Skips): number {
	return optionalPortOf(spec, "healthCheckNodePort", "spec", skips);
}

/** Addresses that no client can mean, or that every host has, are left out. */
function addressesOf(texts: readonly unknown[], what: string, skips: Skips): readonly Address[] {
	const addresses = new Set<Address>();
	for (const text of texts) {
		const address = typeof text === "string" ? parseAddress(text) : undefined;
		if (address === undefined) skips.add(`${what} ${show(text)} is not an IP address`);
		else if (isLoopback(address) || isUnspecificOrMulticast(address)) {
			skips.add(`${what} ${address} is not served: it is no single host's address`);
		} else addresses.add(address);
	}
	return [...addresses];
}
