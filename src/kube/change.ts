import type { Change } from "../model/objects.ts";
import { decodeEndpointSlice } from "./endpoint-slice.ts";
import type { Interner } from "./intern.ts";
import { decodeNode } from "./node.ts";
import { decodeService } from "./service.ts";

/** The kinds of API objects that the agent reads. */
export const KINDS = ["Service", "EndpointSlice", "Node"] as const;
export type Kind = (typeof KINDS)[number];

/** One API or manifest object as the change that puts it into the model. */
export function toChange(kind: Kind, json: unknown, interner: Interner): Change {
	switch (kind) {
		case "Service":
			return { kind: "service", ...decodeService(json, interner) };
		case "EndpointSlice":
			return { kind: "slice", ...decodeEndpointSlice(json, interner) };
		case "Node":
			return { kind: "node", ...decodeNode(json, interner) };
	}
}

/** The change that takes an object out of the model. */
export function toRemoval(kind: Change["kind"], key: string): Change {
	return { kind, key, object: undefined, skips: [] };
}
