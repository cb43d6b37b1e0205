import type { Address, Endpoint, EndpointTraits } from "./objects.ts";

/**
 * The endpoints of a slice in a quarter of the memory that as many objects take: the addresses as
 * one text, the rest by traits, which endpoints share. Endpoints are made when they are asked for.
 */
export class EndpointList implements Iterable<Endpoint> {
	/** Separated by commas. */
	readonly addresses: string;
	/** In the order of the addresses; one alone is that of all. */
	readonly traits: readonly EndpointTraits[];

	/** @param shared one and the same object for equal traits */
	constructor(endpoints: readonly Endpoint[], shared: (traits: EndpointTraits) => EndpointTraits) {
		this.addresses = endpoints.map(({ address }) => address).join(",");
		const traits = endpoints.map(shared);
		this.traits = traits.every((one) => one === traits[0]) ? traits.slice(0, 1) : traits;
	}

	*[Symbol.iterator](): Generator<Endpoint> {
		const [first] = this.traits;
		if (first === undefined) return;
		for (const [i, address] of this.addresses.split(",").entries()) {
			yield endpointOf(address, this.traits[i] ?? first);
		}
	}
}

function endpointOf(address: Address, traits: EndpointTraits): Endpoint {
	const { ready, serving, terminating, nodeName, zoneHints, nodeHints } = traits;
	return { address, ready, serving, terminating, nodeName, zoneHints, nodeHints };
}
