import type { AddressPair } from "../../lib/net/addresses.ts";
import type { ApiClient, KubeObject } from "./api-client.ts";

/** A Node object; pods get no endpoints while theirs is missing. */
export function node(name: string, address: AddressPair): KubeObject {
	return {
		apiVersion: "v1",
		kind: "Node",
		metadata: { name, labels: { "kubernetes.io/hostname": name } },
		status: {
			addresses: [
				{ type: "InternalIP", address: address.v4 },
				{ type: "InternalIP", address: address.v6 },
				{ type: "Hostname", address: name },
			],
		},
	};
}

/** A Pod object bound to a node. Nothing runs it: its status is what the test sets. */
export function pod(name: string, nodeName: string, labels: Record<string, string>): KubeObject {
	return {
		apiVersion: "v1",
		kind: "Pod",
		metadata: { name, namespace: "default", labels },
		spec: { nodeName, containers: [{ name: "main", image: "none" }] },
	};
}

/** Status that makes a pod with these addresses an endpoint, ready or not. */
export function podStatus(address: AddressPair, ready: boolean): object {
	const status = ready ? "True" : "False";
	return {
		status: {
			phase: "Running",
			podIP: address.v4,
			podIPs: [{ ip: address.v4 }, { ip: address.v6 }],
			conditions: [{ type: "Ready", status, lastTransitionTime: new Date().toISOString() }],
		},
	};
}

/** Creates a pod that is ready at once. */
export async function createReadyPod(
	api: ApiClient,
	object: KubeObject,
	address: AddressPair,
): Promise<void> {
	await api.create(object);
	await api.patch(object, podStatus(address, true), "status");
}

export interface ServicePort {
	readonly name: string;
	readonly protocol: "TCP" | "UDP";
	readonly port: number;
	readonly targetPort: number;
}

/** A ClusterIP Service, dual-stack by default; `clusterIPs` are given by the server when left out. */
export function service(
	name: string,
	ports: readonly ServicePort[],
	more: {
		selector?: Record<string, string>;
		clusterIPs?: readonly string[];
		families?: "SingleStack" | "RequireDualStack";
	} = {},
): KubeObject {
	const { selector, clusterIPs } = more;
	return {
		apiVersion: "v1",
		kind: "Service",
		metadata: { name, namespace: "default" },
		spec: {
			ipFamilyPolicy: more.families ?? "RequireDualStack",
			ports,
			...(selector ? { selector } : {}),
			...(clusterIPs ? { clusterIP: clusterIPs[0], clusterIPs } : {}),
		},
	};
}

/** Cluster addresses that the server gave to a Service. */
export function clusterIPs(object: KubeObject): AddressPair {
	const { clusterIPs: all } = object.spec as { clusterIPs: readonly string[] };
	const v4 = all.find((ip) => !ip.includes(":"));
	const v6 = all.find((ip) => ip.includes(":"));
	if (v4 === undefined || v6 === undefined) throw new Error(`not dual-stack: ${all.join(", ")}`);
	return { v4, v6 };
}

/** Names an object for get, list, patch and delete. */
export function named(
	kind: "EndpointSlice" | "Pod" | "Service" | "Node",
	name = "",
): {
	apiVersion: string;
	kind: string;
	metadata: { name: string };
} {
	const apiVersion = kind === "EndpointSlice" ? "discovery.k8s.io/v1" : "v1";
	return { apiVersion, kind, metadata: { name } };
}
