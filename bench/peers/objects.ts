import { endpoint } from "../../test/lib/net/addresses.ts";
import { STREAM_PORT } from "../connections/pair.ts";
import {
	type ApiObject,
	clusterAddress,
	endpointAddresses,
	endpointsOfEach,
	makeService,
	SERVICE_PORT,
	type ServiceObjects,
} from "../lib/objects.ts";

const STREAM_SERVICE_PORT = SERVICE_PORT + 1;
/** Of a node: enough for one to be near any place in a chain of rules. */
const MOST_OWN = 64;

/** "ADDRESS:PORT" of Services whose only endpoint is a node's own server. */
export interface OwnTargets {
	readonly connections: readonly string[];
	readonly stream: string;
}

/** All objects of a cluster of some nodes, each with Services of its own. */
export interface ClusterObjects {
	readonly objects: readonly ApiObject[];
	/** By the index of the node. */
	readonly own: readonly OwnTargets[];
}

/**
 * As many Services; at most a quarter are nodes' own, but each node has one, whose second port leads
 * to its server of streams. The others' endpoints are elsewhere. Throws RangeError when there
 * are more nodes than Services.
 */
export function clusterObjects(services: number, servers: readonly string[]): ClusterObjects {
	if (servers.length > services) throw new RangeError("there are more nodes than Services");
	const quarter = Math.floor(services / 4 / servers.length);
	const each = Math.min(MOST_OWN, Math.max(1, quarter));
	const objects: ServiceObjects[] = [];
	const own = servers.map((server) => {
		const first = objects.length;
		objects.push(withStream(makeService(first, [server])));
		while (objects.length < first + each) objects.push(makeService(objects.length, [server]));
		const addresses = Array.from({ length: each }, (_, i) => clusterAddress(first + i));
		return {
			connections: addresses.map((address) => endpoint(address, SERVICE_PORT)),
			stream: endpoint(clusterAddress(first), STREAM_SERVICE_PORT),
		};
	});
	const endpoints = endpointsOfEach(services);
	for (let number = objects.length; number < services; number++) {
		objects.push(makeService(number, endpointAddresses(number, endpoints)));
	}
	return { objects: objects.flatMap(({ service, slice }) => [service, slice]), own };
}

/** The same Service with a second port. */
function withStream({ service, slice }: ServiceObjects): ServiceObjects {
	const spec = service.spec as { readonly ports: readonly object[] };
	const port = { name: "stream", protocol: "TCP" };
	const front = { ...port, port: STREAM_SERVICE_PORT, targetPort: STREAM_PORT };
	return {
		service: { ...service, spec: { ...spec, ports: [...spec.ports, front] } },
		slice: {
			...slice,
			ports: [...(slice.ports as readonly object[]), { ...port, port: STREAM_PORT }],
		},
	};
}
