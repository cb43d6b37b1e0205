import { FilterKind, FrontendFlag, Scope } from "../layout/structs.ts";
import { familyOf } from "../model/address.ts";
import { addressToBytes } from "../model/address-bytes.ts";
import { lengthOfCIDR } from "../model/cidr.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Address, Cidr, Family, ObjectKey } from "../model/objects.ts";
import { frontendFlags, frontendValue } from "./frontend-value.ts";
import type { PrefixMap, Write } from "./order.ts";
import { pushFilterBits } from "./plan-backends.ts";
import { serviceRangeWords } from "./service-range.ts";
import type { State } from "./state.ts";
import { packTuple, type TupleKey } from "./tuple.ts";

const { FRONTEND_ADDRESS: ADDRESS, FRONTEND_ECHO: ECHO } = FrontendFlag;

/** A Service's addresses as a whole, whatever the port. */
export interface ServiceAddresses {
	readonly service: ObjectKey;
	/** Unknown ports of these are refused. */
	readonly clusterIPs: readonly Address[];
	/** Unknown ports of these are nobody's business. */
	readonly loadBalancerIPs: readonly Address[];
	/** Families in which the Service has endpoints, and so answers ICMP echo. */
	readonly answering: ReadonlySet<Family>;
}

/** Takes note of what a Service's addresses are to do; planAddresses() has it done. */
export function noteAddresses(
	state: State,
	{ service, clusterIPs, loadBalancerIPs, answering }: ServiceAddresses,
): void {
	const addresses = [...clusterIPs, ...loadBalancerIPs];
	const answered = addresses.filter((address) => answering.has(familyOf(address)));
	state.echo.replace(service, answered);
	for (const address of clusterIPs) state.echo.unsettle(address);
}

/**
 * Has unknown ports refused and echo requests answered, where no host has the address; again what
 * failed before. Equal addresses of two Services are one entry, so this comes when all are noted.
 */
export function planAddresses(state: State, isClusterIP: (address: Address) => boolean): Write[] {
	const writes: Write[] = [];
	for (const address of state.echo.unsettled) {
		const flags = (isClusterIP(address) ? ADDRESS : 0) | (state.echo.has(address) ? ECHO : 0);
		const planned = planAddress(state, address, flags);
		if (planned.length === 0) state.echo.settle(address);
		writes.push(...planned);
	}
	return writes;
}

/** Without flags it has no entry. */
function planAddress(state: State, address: Address, flags: number): Write[] {
	const writes: Write[] = [];
	for (const key of addressKeys(address)) {
		const before = state.frontends.get(key);
		if (flags === 0) {
			if (before !== undefined) writes.push({ kind: "frontend-gone", key });
			continue;
		}
		pushFilterBits(state, FilterKind.FILTER_FRONTEND, key, writes);
		if (before === frontendValue(0, flags)) continue;
		writes.push({ kind: "frontend", key, service: 0, flags });
	}
	return writes;
}

/** Whether the value in the frontends map is that of an address, which has no service id. */
export function isAddressValue(value: number): boolean {
	return (frontendFlags(value) & (ADDRESS | ECHO)) !== 0;
}

/** What makes the maps of prefixes say what the cluster says. */
export function planPrefixes(state: State, cluster: Cluster): Write[] {
	const cidrs = unmapped(cluster.serviceCIDRs());
	const serviceCIDRs = planPrefixMap(state, "service_cidrs", cidrs);
	if (serviceCIDRs.length > 0) state.isServiceRangeSettled = false;
	return [
		...planPrefixMap(state, "sources", unmapped(cluster.reach.podCIDRs)),
		...serviceCIDRs,
		...(state.isServiceRangeSettled ? [] : planServiceRange(state, cidrs)),
	];
}

/** Settled when there was nothing to write: until then some write may still fail. */
function planServiceRange(state: State, cidrs: ReadonlySet<Cidr>): Write[] {
	const words = serviceRangeWords(cidrs);
	state.isServiceRangeSettled = words.every((word, i) => word === state.serviceRange[i]);
	return state.isServiceRangeSettled ? [] : [{ kind: "service-range", words }];
}

function planPrefixMap(state: State, map: PrefixMap, wanted: ReadonlySet<Cidr>): Write[] {
	const writes: Write[] = [];
	const present = state.prefixes[map];
	for (const cidr of wanted) if (!present.has(cidr)) writes.push({ kind: "prefix", map, cidr });
	for (const cidr of present) {
		if (!wanted.has(cidr)) writes.push({ kind: "prefix-gone", map, cidr });
	}
	return writes;
}

function unmapped(cidrs: Iterable<Cidr>): Set<Cidr> {
	return new Set([...cidrs].flatMap(withoutMapped));
}

/**
 * IPv4 addresses lie in ::ffff:0:0/96 of the maps. An IPv6 prefix around it is written as what is
 * left of it without ::/16, where no host has an address.
 */
export function withoutMapped(cidr: Cidr): Cidr[] {
	if (!cidr.startsWith("::")) return [cidr];
	const rest: Cidr[] = [];
	for (let length = lengthOfCIDR(cidr) + 1; length <= 16; length++) {
		rest.push(`${(1 << (16 - length)).toString(16)}::/${length}`);
	}
	return rest;
}

/** Both scopes: nobody reaches an unknown port. */
function addressKeys(address: Address): TupleKey[] {
	const tuple = { addr: addressToBytes(address), port: 0, proto: 0 };
	return [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL].map((scope) =>
		packTuple({ ...tuple, scope }),
	);
}
