import type { ObjectKey } from "../model/objects.ts";
import { recordOf, stringOf } from "./json.ts";

/** The part of ObjectMeta that a service proxy looks at. */
export interface Metadata {
	readonly namespace: string;
	/** "" when missing: the object cannot be told from others then. */
	readonly name: string;
	readonly uid: string;
	readonly resourceVersion: string;
	readonly deleting: boolean;
	label(key: string): string | undefined;
	annotation(key: string): string | undefined;
}

export function metadataOf(object: unknown): Metadata {
	const metadata = recordOf(recordOf(object).metadata);
	return {
		namespace: stringOf(metadata.namespace) ?? "",
		name: stringOf(metadata.name) ?? "",
		uid: stringOf(metadata.uid) ?? "",
		resourceVersion: stringOf(metadata.resourceVersion) ?? "",
		deleting: stringOf(metadata.deletionTimestamp) !== undefined,
		label: (key) => entryOf(metadata.labels, key),
		annotation: (key) => entryOf(metadata.annotations, key),
	};
}

/** A map's entry; null, as YAML writes an empty value, counts as "" as it does for the API. */
function entryOf(map: unknown, key: string): string | undefined {
	const value = recordOf(map)[key];
	return value === null ? "" : stringOf(value);
}

/**
 * "namespace/name", or the name alone of an object without namespace; "" without name. Made by
 * join(), since V8 keeps the steps of a concatenation as long as its result.
 */
export function keyOf({ namespace, name }: Pick<Metadata, "namespace" | "name">): ObjectKey {
	return namespace === "" || name === "" ? name : [namespace, name].join("/");
}
