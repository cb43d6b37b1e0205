import type { Address, Endpoint, EndpointSlice, Family, ServicePort } from "./objects.ts";

/** The node whose traffic is served. */
export interface OwnNode {
	readonly name: string;
	/** "" when unknown: zone hints are then ignored. */
	readonly zone: string;
}

/** One address and port behind a service port. */
export interface PortEndpoint {
	readonly address: Address;
	readonly port: number;
	readonly local: boolean;
}

/** Which endpoints new connections go to, by policy. */
export interface UsableEndpoints {
	/** For the policy Cluster. */
	readonly cluster: readonly PortEndpoint[];
	/** For the policy Local. */
	readonly local: readonly PortEndpoint[];
	/** All that still answer: the connections of those in no set go on. */
	readonly serving: readonly PortEndpoint[];
}

interface Candidate extends PortEndpoint {
	readonly endpoint: Endpoint;
}

/**
 * The endpoints of one service port, chosen as kube-proxy's CategorizeEndpoints does
 * (pkg/proxy/topology.go): ready ones that the topology hints allow; without any, all that are
 * serving and terminating. The local set falls back in the same way, for itself, and knows no hints.
 */
export function usableEndpoints(
	slices: readonly EndpointSlice[],
	port: ServicePort,
	family: Family,
	node: OwnNode,
): UsableEndpoints {
	const candidates = candidatesOf(slices, port, family, node);
	const ready = candidates.filter(({ endpoint }) => endpoint.ready);
	const leaving = candidates.filter(({ endpoint }) => endpoint.serving && endpoint.terminating);
	const localReady = ready.filter(isLocal);

	const cluster = ready.length > 0 ? byTopology(ready, node) : leaving;
	const local = localReady.length > 0 ? localReady : leaving.filter(isLocal);
	return { cluster, local, serving: candidates.filter(({ endpoint }) => endpoint.serving) };
}

/** Endpoints by address and port; of several entries for one, the best. */
function candidatesOf(
	slices: readonly EndpointSlice[],
	port: ServicePort,
	family: Family,
	node: OwnNode,
): Candidate[] {
	const found = new Map<string, Candidate>();
	for (const slice of slices) {
		if (slice.family !== family) continue;
		for (const slicePort of slice.ports) {
			if (slicePort.name !== port.name || slicePort.protocol !== port.protocol) continue;
			addBest(found, slice.endpoints, slicePort.port, node);
		}
	}
	return [...found.values()];
}

function addBest(
	found: Map<string, Candidate>,
	endpoints: Iterable<Endpoint>,
	port: number,
	node: OwnNode,
): void {
	for (const endpoint of endpoints) {
		const key = `${endpoint.address}|${port}`;
		const other = found.get(key);
		if (other && rank(other.endpoint, node) >= rank(endpoint, node)) continue;
		found.set(key, candidate(endpoint, port, node));
	}
}

function candidate(endpoint: Endpoint, port: number, node: OwnNode): Candidate {
	return { address: endpoint.address, port, endpoint, local: isOn(endpoint, node) };
}

/** Which entry for the same address and port counts: not terminating, then ready, then local. */
function rank(endpoint: Endpoint, node: OwnNode): number {
	return (endpoint.terminating ? 0 : 4) + (endpoint.ready ? 2 : 0) + (isOn(endpoint, node) ? 1 : 0);
}

function isOn(endpoint: Endpoint, node: OwnNode): boolean {
	return endpoint.nodeName !== "" && endpoint.nodeName === node.name;
}

function isLocal(candidate: Candidate): boolean {
	return candidate.local;
}

/** Hints count only when every ready endpoint has one and one of them names us (KEP-2433, KEP-4444). */
function byTopology(ready: readonly Candidate[], node: OwnNode): readonly Candidate[] {
	const byNode = hintedFor(ready, (endpoint) => endpoint.nodeHints, node.name);
	if (byNode.length > 0) return byNode;
	const byZone = hintedFor(ready, (endpoint) => endpoint.zoneHints, node.zone);
	return byZone.length > 0 ? byZone : ready;
}

function hintedFor(
	ready: readonly Candidate[],
	hints: (endpoint: Endpoint) => readonly string[],
	name: string,
): Candidate[] {
	if (name === "" || ready.some(({ endpoint }) => hints(endpoint).length === 0)) return [];
	return ready.filter(({ endpoint }) => hints(endpoint).includes(name));
}
