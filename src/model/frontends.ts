import { familyOf } from "./address.ts";
import { isLoopback } from "./address-kinds.ts";
import { containsAddress } from "./cidr.ts";
import type { NodeReach } from "./node-reach.ts";
import type { Address, Family, Protocol, Service, ServicePort } from "./objects.ts";

/** An address, port and protocol at which a Service is reached. */
export interface Frontend {
	readonly address: Address;
	readonly port: number;
	readonly protocol: Protocol;
}

/**
 * In the order in which they are matched: of two equal frontends the earlier type has it. So nobody
 * takes over a cluster IP by naming it as an external one, and node ports come last.
 */
export const FRONTEND_TYPES = ["ClusterIP", "LoadBalancer", "ExternalIP", "NodePort"] as const;
export type FrontendType = (typeof FRONTEND_TYPES)[number];

export interface ServedFrontend extends Frontend {
	readonly type: FrontendType;
	/** Only clients on this node can mean it. */
	readonly isLoopback: boolean;
}

/** One port of a Service in one address family: what gets a service id in the maps. */
export interface PortFrontends {
	readonly port: ServicePort;
	readonly family: Family;
	readonly frontends: readonly ServedFrontend[];
}

/**
 * Key of a frontend, unique in the cluster. Made by join(), since V8 keeps the steps of a
 * concatenation as long as its result.
 */
export function frontendKey(frontend: Frontend): string {
	return [frontend.address, frontend.port, frontend.protocol].join("|");
}

/** Key of a node port, whatever the address. */
export function nodePortKey(port: number, protocol: Protocol): string {
	return ["*", port, protocol].join("|");
}

/**
 * All ports of a Service by family. A port that repeats another's name and protocol, or its number
 * and protocol, is not served: see repeatedPorts(). Each frontend is there once, for the port whose
 * type of frontend is matched first.
 */
export function frontendsOf(service: Service, reach: NodeReach): PortFrontends[] {
	const ports = uniquePorts(service).unique;
	const byPort = frontendsByPort(service, ports, reach);
	return service.clusterIPs.flatMap((clusterIP) => {
		const family = familyOf(clusterIP);
		return ports.map((port) => ({
			port,
			family,
			frontends: (byPort.get(port) ?? []).filter(({ address }) => familyOf(address) === family),
		}));
	});
}

function frontendsByPort(
	service: Service,
	ports: readonly ServicePort[],
	reach: NodeReach,
): Map<ServicePort, ServedFrontend[]> {
	const taken = new Set<string>();
	const byPort = new Map<ServicePort, ServedFrontend[]>();
	for (const type of FRONTEND_TYPES) {
		const addresses = addressesOf(type, service, reach);
		for (const port of ports) {
			const list = byPort.get(port) ?? [];
			for (const frontend of portFrontends(type, port, addresses)) {
				const key = frontendKey(frontend);
				if (!taken.has(key)) list.push(frontend);
				taken.add(key);
			}
			byPort.set(port, list);
		}
	}
	return byPort;
}

function portFrontends(
	type: FrontendType,
	{ port, nodePort, protocol }: ServicePort,
	addresses: readonly Address[],
): ServedFrontend[] {
	const number = type === "NodePort" ? nodePort : port;
	if (number === 0) return [];
	// Only sockets are translated at 127.0.0.1 and ::1, and no hook runs for those of SCTP.
	const served = addresses.filter((address) => protocol !== "SCTP" || !isLoopback(address));
	return served.map((address) => ({
		address,
		port: number,
		protocol,
		type,
		isLoopback: isLoopback(address),
	}));
}

/** A wish for a frontend. */
export interface Claim {
	/** frontendKey() or nodePortKey() */
	readonly key: string;
	/** Index in FRONTEND_TYPES: the lower one has it. */
	readonly rank: number;
}

/** What a Service claims, each key once. */
export function claimsOf(service: Service, reach: NodeReach): Claim[] {
	const claims = new Map<string, Claim>();
	const ports = uniquePorts(service).unique;
	for (const [rank, type] of FRONTEND_TYPES.entries()) {
		for (const key of claimedKeys(type, service, ports, reach)) {
			if (!claims.has(key)) claims.set(key, { key, rank });
		}
	}
	return [...claims.values()];
}

function claimedKeys(
	type: FrontendType,
	service: Service,
	ports: readonly ServicePort[],
	reach: NodeReach,
): string[] {
	if (type === "NodePort") {
		const served = ports.filter(({ nodePort }) => nodePort !== 0);
		return served.map(({ nodePort, protocol }) => nodePortKey(nodePort, protocol));
	}
	const addresses = addressesOf(type, service, reach);
	return ports.flatMap(({ port, protocol }) =>
		addresses.map((address) => frontendKey({ address, port, protocol })),
	);
}

/** Why addresses that a Service names are not served. */
export function unservedAddresses(service: Service, reach: NodeReach): string[] {
	const reasons: string[] = [];
	const add = (what: string, address: Address, reason: string) =>
		reasons.push(`${what} ${address} is not served: ${reason}`);
	const noFamily = (address: Address) => `the Service has no cluster IP of ${familyOf(address)}`;
	for (const address of service.externalIPs) {
		if (!hasFamily(service, address)) add("external IP", address, noFamily(address));
		else if (!isAllowed(address, reach)) {
			add("external IP", address, "it is in none of the allowed prefixes");
		}
	}
	for (const address of service.loadBalancerIPs) {
		if (!hasFamily(service, address)) add("load balancer IP", address, noFamily(address));
	}
	return reasons;
}

/** Ports that are not served because an earlier port of the same Service has their place. */
export function repeatedPorts(service: Service): readonly ServicePort[] {
	return uniquePorts(service).repeated;
}

/** In families of which the Service has a cluster IP. */
function addressesOf(type: FrontendType, service: Service, reach: NodeReach): readonly Address[] {
	switch (type) {
		case "ClusterIP":
			return service.clusterIPs;
		case "LoadBalancer":
			return service.loadBalancerIPs.filter((address) => hasFamily(service, address));
		case "ExternalIP":
			return service.externalIPs.filter(
				(address) => hasFamily(service, address) && isAllowed(address, reach),
			);
		case "NodePort":
			return hasNodePorts(service) ? [...reach.nodePortAddresses] : [];
	}
}

export function hasNodePorts(service: Service): boolean {
	return service.ports.some(({ nodePort }) => nodePort !== 0);
}

function hasFamily(service: Service, address: Address): boolean {
	return service.clusterIPs.some((clusterIP) => familyOf(clusterIP) === familyOf(address));
}

function isAllowed(address: Address, { settings }: NodeReach): boolean {
	return settings.externalIPsAllowed.some((cidr) => containsAddress(cidr, address));
}

function uniquePorts(service: Service): { unique: ServicePort[]; repeated: ServicePort[] } {
	const unique: ServicePort[] = [];
	const repeated: ServicePort[] = [];
	const taken = new TakenPorts();
	for (const port of service.ports) (taken.take(port) ? unique : repeated).push(port);
	return { unique, repeated };
}

/** Numbers and names that ports of one Service have, each for itself by protocol. */
export class TakenPorts {
	readonly #taken = new Set<string>();

	/** False, and nothing is taken, when another port has the number or the name. */
	take({ name, port, protocol }: ServicePort): boolean {
		const places = [`${protocol} ${port}`, `${protocol}/${name}`];
		if (places.some((place) => this.#taken.has(place))) return false;
		for (const place of places) this.#taken.add(place);
		return true;
	}
}
