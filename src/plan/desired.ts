import { FrontendFlag } from "../layout/structs.ts";
import { addressToBytes } from "../model/address-bytes.ts";
import type { ServiceView } from "../model/cluster.ts";
import { frontendsOf, type PortFrontends, type ServedFrontend } from "../model/frontends.ts";
import type { Cidr, Family, ServicePort } from "../model/objects.ts";
import { sourceRanges } from "../model/source-ranges.ts";
import { type PortEndpoint, type UsableEndpoints, usableEndpoints } from "../model/topology.ts";
import { type PolicyFacts, type ScopeFlags, scopeFlags } from "./policy.ts";
import { PROTOCOL_NUMBER } from "./protocols.ts";
import { packTuple, type TupleKey } from "./tuple.ts";

/** Whose a service id is: one port of a Service in one family. */
export interface PortIdentity {
	readonly namespace: string;
	readonly name: string;
	readonly port: string;
	/** IPPROTO_* */
	readonly proto: number;
	readonly family: Family;
}

export interface DesiredEndpoint {
	readonly key: TupleKey;
	readonly local: boolean;
}

export interface DesiredFrontend extends ServedFrontend {
	readonly flags: ScopeFlags;
}

/** What one service port should be in the maps. */
export interface DesiredPort {
	readonly identity: PortIdentity;
	readonly servicePort: ServicePort;
	/** Those that are this Service's own, of all its frontends. */
	readonly frontends: readonly DesiredFrontend[];
	/** How long a client stays with its backend, in s; 0: no affinity. */
	readonly affinitySeconds: number;
	/** Clients of the frontends that ask; empty when none does. */
	readonly sourceRanges: ReadonlySet<Cidr>;
	readonly cluster: readonly DesiredEndpoint[];
	/** Empty when no frontend uses it. */
	readonly local: readonly DesiredEndpoint[];
	/** Endpoints in no set whose connections go on. */
	readonly draining: ReadonlySet<TupleKey>;
}

/**
 * "namespace/name/port/proto/family": one string per PortIdentity. Made by join(), since V8 keeps
 * the steps of a concatenation as long as its result.
 */
export function identityKey(identity: PortIdentity): string {
	const { namespace, name, port, proto, family } = identity;
	return [namespace, name, port, proto, family].join("/");
}

/**
 * All service ports of a Service. The cluster set is kept under the policy Local too: whether it
 * is empty decides between reject and drop. A port that has lost all its frontends to other
 * Services is not in the result.
 */
export function desiredPorts(view: ServiceView): DesiredPort[] {
	const { service, reach } = view;
	const result: DesiredPort[] = [];
	for (const port of frontendsOf(service, reach)) {
		const ranges = sourceRanges(service, port.family, reach);
		const facts = { service, family: port.family, reach, isRestricted: ranges.size > 0 };
		const frontends = ownFrontends(port, view, facts);
		if (frontends.length === 0) continue;
		const asksSource = usesFlag(frontends, FrontendFlag.FRONTEND_RANGES);
		result.push({
			identity: {
				namespace: service.namespace,
				name: service.name,
				port: port.port.name,
				proto: PROTOCOL_NUMBER[port.port.protocol],
				family: port.family,
			},
			servicePort: port.port,
			frontends,
			affinitySeconds: service.affinitySeconds,
			sourceRanges: asksSource ? ranges : NO_RANGES,
			...desiredEndpoints(port, view, usesFlag(frontends, FrontendFlag.FRONTEND_LOCAL_SET)),
		});
	}
	return result;
}

const NO_RANGES: ReadonlySet<Cidr> = new Set();

function ownFrontends(
	{ frontends }: PortFrontends,
	view: ServiceView,
	facts: PolicyFacts,
): DesiredFrontend[] {
	const own = frontends.filter(view.owns);
	return own.map((frontend) => ({ ...frontend, flags: scopeFlags(frontend, facts) }));
}

function usesFlag(frontends: readonly DesiredFrontend[], flag: number): boolean {
	const has = (flags = 0) => (flags & flag) !== 0;
	return frontends.some(({ flags }) => has(flags.internal) || has(flags.external));
}

function desiredEndpoints(
	{ port, family }: PortFrontends,
	{ slices, node }: ServiceView,
	useLocal: boolean,
): Pick<DesiredPort, "cluster" | "local" | "draining"> {
	const proto = PROTOCOL_NUMBER[port.protocol];
	const usable = usableEndpoints(slices, port, family, node);
	const desire = (endpoint: PortEndpoint) => ({
		key: endpointKey(endpoint, proto),
		local: endpoint.local,
	});
	return {
		cluster: usable.cluster.map(desire),
		local: useLocal ? usable.local.map(desire) : [],
		draining: drainingKeys(usable, useLocal, proto),
	};
}

function drainingKeys(
	{ cluster, local, serving }: UsableEndpoints,
	useLocal: boolean,
	proto: number,
): Set<TupleKey> {
	const inSet = new Set(useLocal ? [...cluster, ...local] : cluster);
	const draining = serving.filter((endpoint) => !inSet.has(endpoint));
	return new Set(draining.map((endpoint) => endpointKey(endpoint, proto)));
}

function endpointKey(endpoint: PortEndpoint, proto: number): TupleKey {
	const addr = addressToBytes(endpoint.address);
	return packTuple({ addr, port: endpoint.port, proto, scope: 0 });
}
