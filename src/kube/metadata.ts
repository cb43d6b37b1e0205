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
		label: (key) => stringOf(recordOf(metadata.labels)[key]),
		annotation: (key) => stringOf(recordOf(metadata.annotations)[key]),
	};
}

/** "namespace/name", or the name alone of an object without namespace. */
export function keyOf(metadata: Pick<Metadata, "namespace" | "name">): ObjectKey {
	return metadata.namespace === "" ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
