import type { Change, SourceStatus } from "../model/objects.ts";
import type { Kind } from "./change.ts";
import { HEADLESS } from "./endpoint-slice.ts";

/** One kind of objects as the API serves it, and which of them are watched. */
export interface Resource {
	/** Name in the status. */
	readonly name: SourceStatus["kind"];
	readonly kind: Kind;
	readonly changeKind: Change["kind"];
	/** Path below the server's address. */
	readonly path: string;
	/** "" when all labels will do. */
	readonly labelSelector: string;
	/** "" when all fields will do. */
	readonly fieldSelector: string;
	/** Whether servers that do not know the field may send everything: decoding sorts it out. */
	readonly fieldOptional: boolean;
	/** What is off where a server lacks it or keeps it from us; "" when we cannot do without. */
	readonly withoutIt: string;
}

export const SERVICES: Resource = {
	name: "Services",
	kind: "Service",
	changeKind: "service",
	path: "/api/v1/services",
	// Those of other proxies too: their addresses are not to be taken for nobody's.
	labelSelector: "",
	fieldSelector: "spec.clusterIP!=None",
	fieldOptional: true,
	withoutIt: "",
};

export const ENDPOINT_SLICES: Resource = {
	name: "EndpointSlices",
	kind: "EndpointSlice",
	changeKind: "slice",
	path: "/apis/discovery.k8s.io/v1/endpointslices",
	labelSelector: `!${HEADLESS}`,
	fieldSelector: "",
	fieldOptional: false,
	withoutIt: "",
};

/** Since Kubernetes 1.33. */
export const SERVICE_CIDRS: Resource = {
	name: "ServiceCIDRs",
	kind: "ServiceCIDR",
	changeKind: "cidr",
	path: "/apis/networking.k8s.io/v1/servicecidrs",
	labelSelector: "",
	fieldSelector: "",
	fieldOptional: false,
	withoutIt: "service addresses that no Service has are not known, and packets to them not dropped",
};

export function nodeResource(nodeName: string): Resource {
	return {
		name: "Node",
		kind: "Node",
		changeKind: "node",
		path: "/api/v1/nodes",
		labelSelector: "",
		fieldSelector: `metadata.name=${nodeName}`,
		fieldOptional: false,
		withoutIt: "",
	};
}
