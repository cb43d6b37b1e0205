import { createHash } from "node:crypto";

import type { Lab } from "../../test/lib/net/lab.ts";
import { Place } from "../../test/lib/net/place.ts";
import { type ApiObject, NAMESPACE } from "../lib/objects.ts";

/** Etcd's limit of operations in one transaction. */
const PER_TRANSACTION = 128;

const ETCD = "http://127.0.0.1:2379/v3/kv";

/** Where the API server keeps the objects of a kind. */
const PREFIXES: Readonly<Record<string, string>> = {
	Service: `/registry/services/specs/${NAMESPACE}`,
	EndpointSlice: `/registry/endpointslices/${NAMESPACE}`,
	IPAddress: "/registry/ipaddresses",
};

/** Of every object: an update is no change of it. */
const CREATED = "2026-01-01T00:00:00Z";

/**
 * Puts objects where the API server of a lab's control plane finds them: the API takes two minutes of
 * CPU time for what this does in seconds, and how objects came there is not what is measured. They
 * must be complete, as no server fills in defaults. Nobody may watch them yet: many have the same
 * resource version, and a watch that ends between two of them would go on after both.
 */
export function putObjects(lab: Lab, objects: readonly ApiObject[]): void {
	for (let first = 0; first < objects.length; first += PER_TRANSACTION) {
		const some = objects.slice(first, first + PER_TRANSACTION);
		const addresses = some.filter(({ kind }) => kind === "Service").map(addressObject);
		if (addresses.length > 0) transact(lab, addresses.map(put));
		transact(lab, some.map(put));
	}
}

function transact(lab: Lab, pairs: readonly Pair[]): void {
	const success = pairs.map((pair) => ({ requestPut: pair }));
	const curl = ["curl", "-sSf", "-d", "@-", `${ETCD}/txn`];
	placeOf(lab).run(curl, JSON.stringify({ success }));
}

/**
 * The object that says that a Service has its address. An API server that misses it makes it, and an
 * Event beside it, and is busy with that while others are measured.
 */
function addressObject({ metadata, spec }: ApiObject): ApiObject {
	const { name } = metadata as { readonly name: string };
	const { clusterIP } = spec as { readonly clusterIP: string };
	const labels = {
		"ipaddress.kubernetes.io/ip-family": clusterIP.includes(":") ? "IPv6" : "IPv4",
		"ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
	};
	return {
		apiVersion: "networking.k8s.io/v1",
		kind: "IPAddress",
		metadata: { name: clusterIP, labels },
		spec: { parentRef: { resource: "services", namespace: NAMESPACE, name } },
	};
}

/** The same for objects that are being watched, one by one: each is seen as a change of its own. */
export function changeObjects(lab: Lab, objects: readonly ApiObject[]): void {
	const requests = objects.map((object) => [
		...["fail", "silent", "show-error", 'output = "/dev/null"'],
		`url = "${ETCD}/put"`,
		`data = ${JSON.stringify(JSON.stringify(put(object)))}`,
	]);
	const config = requests.map((lines) => lines.join("\n")).join("\nnext\n");
	placeOf(lab).run(["curl", "-K", "-"], config);
}

function placeOf(lab: Lab): Place {
	return new Place(`sluice-${lab.id}-master`, "");
}

interface Pair {
	readonly key: string;
	readonly value: string;
}

function put(object: ApiObject): Pair {
	const metadata = object.metadata as { readonly name: string };
	const prefix = PREFIXES[String(object.kind)];
	if (prefix === undefined) throw new Error(`no place for a ${object.kind}`);
	const key = `${prefix}/${metadata.name}`;
	// The server removes an old address whose Service it has not seen yet.
	const creationTimestamp = object.kind === "IPAddress" ? new Date().toISOString() : CREATED;
	const stored = { ...object, metadata: { ...metadata, uid: uidOf(key), creationTimestamp } };
	return { key: base64(key), value: base64(JSON.stringify(stored)) };
}

/** The same for every version of an object. */
function uidOf(key: string): string {
	const hex = createHash("sha256").update(key).digest("hex");
	return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(ends[i - 1] ?? 0, end)).join("-");
}

function base64(text: string): string {
	return Buffer.from(text).toString("base64");
}
