import { familyOf } from "./address.ts";
import type { Address, Family, Protocol, Service, ServicePort } from "./objects.ts";

/** An address, port and protocol at which a Service is reached. */
export interface Frontend {
	readonly address: Address;
	readonly port: number;
	readonly protocol: Protocol;
}

/** One port of a Service in one address family: what gets a service id in the maps. */
export interface PortFrontends {
	readonly port: ServicePort;
	readonly family: Family;
	readonly frontends: readonly Frontend[];
}

/**
 * Key of a frontend, unique in the cluster. Made by join(), since V8 keeps the steps of a
 * concatenation as long as its result.
 */
export function frontendKey(frontend: Frontend): string {
	return [frontend.address, frontend.port, frontend.protocol].join("|");
}

/**
 * All ports of a Service by family. A port that repeats another's name and protocol, or its number
 * and protocol, is not served: see repeatedPorts().
 */
export function frontendsOf(service: Service): PortFrontends[] {
	const result: PortFrontends[] = [];
	const ports = uniquePorts(service).unique;
	for (const address of service.clusterIPs) {
		for (const port of ports) {
			const frontend = { address, port: port.port, protocol: port.protocol };
			result.push({ port, family: familyOf(address), frontends: [frontend] });
		}
	}
	return result;
}

/** Ports that are not served because an earlier port of the same Service has their place. */
export function repeatedPorts(service: Service): readonly ServicePort[] {
	return uniquePorts(service).repeated;
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
