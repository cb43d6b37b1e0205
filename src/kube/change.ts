import { EndpointList } from "../model/endpoint-list.ts";
import type { Change } from "../model/objects.ts";
import { decodeEndpointSlice } from "./endpoint-slice.ts";
import type { Interner } from "./intern.ts";
import { decodeNode } from "./node.ts";
import { decodeService } from "./service.ts";
import { decodeServiceCIDR } from "./service-cidr.ts";

/** The kinds of API objects that the agent reads. */
export const KINDS = ["Service", "EndpointSlice", "Node", "ServiceCIDR"] as const;
export type Kind = (typeof KINDS)[number];

/** One API or manifest object as the change that puts it into the model. */
export function toChange(kind: Kind, json: unknown, interner: Interner): Change {
	switch (kind) {
		case "Service":
			return { kind: "service", ...decodeService(json, interner) };
		case "EndpointSlice":
			return sliceChange(json, interner);
		case "Node":
			return { kind: "node", ...decodeNode(json, interner) };
		case "ServiceCIDR":
			return { kind: "cidr", ...decodeServiceCIDR(json) };
	}
}

function sliceChange(json: unknown, interner: Interner): Change {
	const { key, object, skips } = decodeEndpointSlice(json, interner);
	if (object === undefined) return { kind: "slice", key, object, skips };
	const endpoints = new EndpointList(object.endpoints, (traits) => interner.traits(traits));
	return { kind: "slice", key, object: { ...object, endpoints }, skips };
}

/** The change that takes an object out of the model. */
export function toRemoval(kind: Change["kind"], key: string): Change {
	return { kind, key, object: undefined, skips: [] };
}
