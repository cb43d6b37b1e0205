import { addressToBytes } from "../model/address-bytes.ts";
import type { ServiceView } from "../model/cluster.ts";
import { type Frontend, frontendsOf } from "../model/frontends.ts";
import type { Family, ServicePort } from "../model/objects.ts";
import { type PortEndpoint, type UsableEndpoints, usableEndpoints } from "../model/topology.ts";
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

/** What one service port should be in the maps. */
export interface DesiredPort {
	readonly identity: PortIdentity;
	readonly servicePort: ServicePort;
	/** Those that are this Service's own, of all its frontends. */
	readonly frontends: readonly Frontend[];
	/** Frontends use the local set instead of the cluster set. */
	readonly useLocal: boolean;
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
	const { service, slices, node } = view;
	const useLocal = service.internalTrafficPolicy === "Local";
	const result: DesiredPort[] = [];
	for (const { port, family, frontends } of frontendsOf(service)) {
		const own = frontends.filter(view.owns);
		if (own.length === 0) continue;
		const proto = PROTOCOL_NUMBER[port.protocol];
		const usable = usableEndpoints(slices, port, family, node);
		const desire = (endpoint: PortEndpoint) => ({
			key: endpointKey(endpoint, proto),
			local: endpoint.local,
		});
		result.push({
			identity: {
				namespace: service.namespace,
				name: service.name,
				port: port.name,
				proto,
				family,
			},
			servicePort: port,
			frontends: own,
			useLocal,
			cluster: usable.cluster.map(desire),
			local: useLocal ? usable.local.map(desire) : [],
			draining: drainingKeys(usable, useLocal, proto),
		});
	}
	return result;
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
