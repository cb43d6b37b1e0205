import { randomUUID } from "node:crypto";

import type { Lab } from "../../test/lib/net/lab.ts";
import { Place } from "../../test/lib/net/place.ts";
import { type ApiObject, NAMESPACE } from "../lib/objects.ts";

/** Etcd's limit of operations in one transaction. */
const PER_TRANSACTION = 128;

/** Where the API server keeps the objects of a kind. */
const PREFIXES: Readonly<Record<string, string>> = {
	Service: `/registry/services/specs/${NAMESPACE}`,
	EndpointSlice: `/registry/endpointslices/${NAMESPACE}`,
};

/**
 * Puts objects where the API server of a lab's control plane finds them: the API takes two minutes
 * of CPU time for what this does in seconds, and how objects came there is not what is measured.
 * They must be complete, as no server fills in defaults.
 */
export function putObjects(lab: Lab, objects: readonly ApiObject[]): void {
	const place = new Place(`sluice-${lab.id}-master`, "");
	for (let first = 0; first < objects.length; first += PER_TRANSACTION) {
		const success = objects
			.slice(first, first + PER_TRANSACTION)
			.map((object) => ({ requestPut: put(object) }));
		const curl = ["curl", "-sSf", "-d", "@-", "http://127.0.0.1:2379/v3/kv/txn"];
		place.run(curl, JSON.stringify({ success }));
	}
}

function put(object: ApiObject): { key: string; value: string } {
	const metadata = object.metadata as { readonly name: string };
	const prefix = PREFIXES[String(object.kind)];
	if (prefix === undefined) throw new Error(`no place for a ${object.kind}`);
	const stored = {
		...object,
		metadata: { ...metadata, uid: randomUUID(), creationTimestamp: new Date().toISOString() },
	};
	return { key: base64(`${prefix}/${metadata.name}`), value: base64(JSON.stringify(stored)) };
}

function base64(text: string): string {
	return Buffer.from(text).toString("base64");
}
