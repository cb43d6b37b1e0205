/** The cluster that is measured: Services with their EndpointSlices, by number from 0. */
import type { Family } from "../../src/model/objects.ts";

/** API JSON. */
export type ApiObject = Readonly<Record<string, unknown>>;

export interface ServiceObjects {
	readonly service: ApiObject;
	readonly slice: ApiObject;
}

export const NAMESPACE = "default";
export const SERVICE_PORT = 80;
export const TARGET_PORT = 8080;

/** Room in the maps is for 250,000 endpoints: five of each of 50,000 Services. */
const MOST_ENDPOINTS = 250_000;

/** How many endpoints each of so many Services has: ten, or what there is room for. */
export function endpointsOfEach(services: number): number {
	return Math.min(10, Math.floor(MOST_ENDPOINTS / services));
}

/** Services 65,000 and up would leave the address range. */
export function clusterAddress(number: number, family: Family = "IPv4"): string {
	const host = number + 256;
	return family === "IPv4" ? `10.96.${host >> 8}.${host & 255}` : `fd00:96::${host.toString(16)}`;
}

/** Endpoints of a Service are numbered from 0; none is a client of a benchmark. */
export function endpointAddress(number: number, endpoint: number, family: Family): string {
	const host = number * 16 + endpoint;
	return family === "IPv4"
		? `172.${16 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`
		: `fd00:172::${(host >> 16).toString(16)}:${(host & 0xffff).toString(16)}`;
}

export function serviceName(number: number, family: Family = "IPv4"): string {
	return family === "IPv4" ? `bench-${number}` : `bench6-${number}`;
}

/** One TCP Service and its one slice. */
export function makeService(
	number: number,
	addresses: readonly string[],
	family: Family = "IPv4",
): ServiceObjects {
	const name = serviceName(number, family);
	const clusterIP = clusterAddress(number, family);
	return {
		service: {
			apiVersion: "v1",
			kind: "Service",
			metadata: { name, namespace: NAMESPACE },
			spec: {
				type: "ClusterIP",
				clusterIP,
				clusterIPs: [clusterIP],
				ipFamilies: [family],
				ipFamilyPolicy: "SingleStack",
				internalTrafficPolicy: "Cluster",
				sessionAffinity: "None",
				ports: [{ name: "http", protocol: "TCP", port: SERVICE_PORT, targetPort: TARGET_PORT }],
			},
		},
		slice: {
			apiVersion: "discovery.k8s.io/v1",
			kind: "EndpointSlice",
			metadata: {
				name: `${name}-slice`,
				namespace: NAMESPACE,
				labels: { "kubernetes.io/service-name": name },
			},
			addressType: family,
			ports: [{ name: "http", protocol: "TCP", port: TARGET_PORT }],
			endpoints: addresses.map((address) => ({
				addresses: [address],
				conditions: { ready: true, serving: true, terminating: false },
				nodeName: "elsewhere",
			})),
		},
	};
}

/** The addresses that a Service of `endpoints` endpoints has. */
export function endpointAddresses(
	number: number,
	endpoints: number,
	family: Family = "IPv4",
): string[] {
	return Array.from({ length: endpoints }, (_, i) => endpointAddress(number, i, family));
}
