import { parseCIDR } from "../model/cidr.ts";
import type { Cidr, ServiceCIDR } from "../model/objects.ts";
import { type Decoded, listOf, Skips } from "./decode.ts";
import { recordOf, show } from "./json.ts";
import { metadataOf } from "./metadata.ts";

/**
 * Reads a networking.k8s.io/v1 ServiceCIDR from API or manifest JSON. One that is being deleted
 * counts until it is gone, since addresses of it are still in use.
 */
export function decodeServiceCIDR(json: unknown): Decoded<ServiceCIDR> {
	const { name } = metadataOf(json);
	const skips = new Skips(`ServiceCIDR ${name}`);
	if (name === "") {
		skips.add("metadata.name is missing");
		return { key: name, object: undefined, skips: skips.list };
	}
	const cidrs: Cidr[] = [];
	for (const item of listOf(recordOf(recordOf(json).spec), "cidrs", "spec", skips)) {
		const cidr = typeof item === "string" ? parseCIDR(item) : undefined;
		if (cidr !== undefined) cidrs.push(cidr);
		else skips.add(`spec.cidrs has ${show(item)}, not an address and a prefix length`);
	}
	return { key: name, object: { name, cidrs }, skips: skips.list };
}
