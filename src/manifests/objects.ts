import { type Kind, toChange } from "../kube/change.ts";
import type { Interner } from "../kube/intern.ts";
import { arrayOf, recordOf, show, stringOf } from "../kube/json.ts";
import { keyOf, metadataOf } from "../kube/metadata.ts";
import type { Change, Skip } from "../model/objects.ts";

/** What one manifest file contributes, before it is compared with other files. */
export interface FileObjects {
	readonly changes: readonly Change[];
	/** What is not an object of ours. */
	readonly skips: readonly Skip[];
}

const READ: ReadonlyMap<string, Kind> = new Map([
	["v1 Service", "Service"],
	["discovery.k8s.io/v1 EndpointSlice", "EndpointSlice"],
	["v1 Node", "Node"],
	["networking.k8s.io/v1 ServiceCIDR", "ServiceCIDR"],
]);

/** Kinds whose objects have no namespace. */
const CLUSTER_WIDE: ReadonlySet<Kind> = new Set(["Node", "ServiceCIDR"]);

const LISTS = new Set(["List", "ServiceList", "EndpointSliceList", "NodeList", "ServiceCIDRList"]);

/** The objects of a file's documents, kind List unfolded, in their order. */
export function objectsOf(documents: readonly unknown[], interner: Interner): FileObjects {
	const changes: Change[] = [];
	const skips: Skip[] = [];
	for (const json of documents.flatMap((document) => unfold(document, ""))) {
		const kind = READ.get(typeOf(json));
		const object = kind !== undefined && CLUSTER_WIDE.has(kind) ? json : withNamespace(json);
		if (kind === undefined || metadataOf(object).name === "") {
			skips.push({ object: nameOf(object), reason: reasonToIgnore(kind, json) });
		} else {
			changes.push(toChange(kind, object, interner));
		}
	}
	return { changes, skips };
}

/** Items of a list need no apiVersion and kind of their own: the list's kind says it. */
function unfold(json: unknown, type: string): unknown[] {
	const object = recordOf(json);
	const kind = stringOf(object.kind) ?? "";
	if (!LISTS.has(kind)) {
		return type === "" || kind !== "" ? [json] : [{ ...object, ...splitType(type) }];
	}
	const itemKind = kind.slice(0, -"List".length);
	const itemType = itemKind === "" ? "" : `${stringOf(object.apiVersion) ?? ""} ${itemKind}`;
	return arrayOf(object.items).flatMap((item) => unfold(item, itemType));
}

function splitType(type: string): { apiVersion: string; kind: string } {
	const [apiVersion = "", kind = ""] = type.split(" ");
	return { apiVersion, kind };
}

const typeOf = (json: unknown): string => {
	const { apiVersion, kind } = recordOf(json);
	return `${stringOf(apiVersion) ?? ""} ${stringOf(kind) ?? ""}`;
};

/** As for kubectl, an object that names no namespace is in "default". */
function withNamespace(json: unknown): unknown {
	const object = recordOf(json);
	const metadata = recordOf(object.metadata);
	return (stringOf(metadata.namespace) ?? "") === ""
		? { ...object, metadata: { ...metadata, namespace: "default" } }
		: json;
}

function nameOf(json: unknown): string {
	const kind = stringOf(recordOf(json).kind) || "Object";
	const key = keyOf(metadataOf(json));
	return key === "" ? kind : `${kind} ${key}`;
}

function reasonToIgnore(kind: Kind | undefined, json: unknown): string {
	if (kind !== undefined) {
		return "metadata.name is missing";
	}
	const { apiVersion, kind: given } = recordOf(json);
	return `apiVersion ${show(apiVersion)}, kind ${show(given)} is not read; v1 Service, v1 Node, discovery.k8s.io/v1 EndpointSlice and networking.k8s.io/v1 ServiceCIDR are`;
}
