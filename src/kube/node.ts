import { parseAddress } from "../model/address.ts";
import { parseCIDR } from "../model/cidr.ts";
import type { Address, Cidr, Node } from "../model/objects.ts";
import { type Decoded, Skips } from "./decode.ts";
import type { Interner } from "./intern.ts";
import { arrayOf, type Json, recordOf, show, stringsOf } from "./json.ts";
import { metadataOf } from "./metadata.ts";

const ZONE = "topology.kubernetes.io/zone";
/** Set by the cluster autoscaler on a node that it is about to remove. */
const TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler";

/** Reads a v1 Node from API or manifest JSON. */
export function decodeNode(json: unknown, interner: Interner): Decoded<Node> {
	const metadata = metadataOf(json);
	const key = metadata.name;
	const skips = new Skips(`Node ${key}`);
	if (key === "") {
		skips.add("metadata.name is missing");
		return { key, object: undefined, skips: skips.list };
	}
	const spec = recordOf(recordOf(json).spec);
	const tainted = arrayOf(spec.taints).some((taint) => recordOf(taint).key === TO_BE_DELETED);
	const object: Node = {
		name: interner.string(key),
		addresses: addressesOf(recordOf(recordOf(json).status), skips),
		zone: interner.string(metadata.label(ZONE) ?? ""),
		podCIDRs: podCIDRsOf(spec, skips),
		draining: metadata.deleting || tainted,
	};
	return { key, object, skips: skips.list };
}

function addressesOf(status: Json, skips: Skips): readonly Address[] {
	const all = arrayOf(status.addresses).map(recordOf);
	const known = ["InternalIP", "ExternalIP"].flatMap((type) =>
		all.filter((item) => item.type === type).map((item) => item.address),
	);
	const addresses = new Set<Address>();
	for (const text of known) {
		const address = typeof text === "string" ? parseAddress(text) : undefined;
		if (address === undefined) {
			skips.add(`status address ${show(text)} is not an IP address`);
		} else {
			addresses.add(address);
		}
	}
	return [...addresses];
}

/** spec.podCIDRs; the older spec.podCIDR when that is empty. */
function podCIDRsOf(spec: Json, skips: Skips): readonly Cidr[] {
	const list = stringsOf(spec.podCIDRs);
	const cidrs: Cidr[] = [];
	for (const text of list.length > 0 ? list : stringsOf([spec.podCIDR])) {
		const cidr = parseCIDR(text);
		if (cidr === undefined) {
			skips.add(`pod CIDR ${show(text)} is not an address and a prefix length`);
		} else {
			cidrs.push(cidr);
		}
	}
	return cidrs;
}
