import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Protocol } from "../../../src/model/objects.ts";
import type { AddressPair } from "./addresses.ts";

/** An endpoint; `terminating` ones are no longer ready but may still serve. */
export interface EndpointSpec {
	readonly address: string;
	readonly node: string;
	readonly terminating?: boolean;
	readonly serving?: boolean;
}

export interface ServiceSpec {
	readonly name: string;
	/** One address per family. */
	readonly clusterIPs: AddressPair;
	readonly port: number;
	readonly targetPort: number;
	/** Default both TCP and UDP. */
	readonly protocols?: readonly Protocol[];
	readonly internalTrafficPolicy?: "Cluster" | "Local";
	/** By protocol; then the type is NodePort unless `spec` says otherwise. */
	readonly nodePorts?: Readonly<Partial<Record<Protocol, number>>>;
	/** Further fields of spec and status, as the API has them. */
	readonly spec?: object;
	readonly status?: object;
}

/** A directory of manifests that an agent watches; files change in one step. */
export class Manifests {
	readonly directory: string;

	constructor(directory: string) {
		this.directory = directory;
		mkdirSync(directory, { recursive: true });
	}

	node(name: string, address: AddressPair, podCIDRs: readonly string[] = []): void {
		this.#write(`node-${name}`, [
			{
				apiVersion: "v1",
				kind: "Node",
				metadata: { name },
				spec: { podCIDRs },
				status: {
					addresses: [
						{ type: "InternalIP", address: address.v4 },
						{ type: "InternalIP", address: address.v6 },
					],
				},
			},
		]);
	}

	/** Prefixes of which cluster IPs are taken. */
	serviceCIDR(...cidrs: readonly string[]): void {
		this.#write("service-cidr", [
			{
				apiVersion: "networking.k8s.io/v1",
				kind: "ServiceCIDR",
				metadata: { name: "kubernetes" },
				spec: { cidrs },
			},
		]);
	}

	service(spec: ServiceSpec): void {
		const ports = portNames(spec).map(({ name, protocol }) => ({
			name,
			protocol,
			port: spec.port,
			targetPort: spec.targetPort,
			...(spec.nodePorts?.[protocol] ? { nodePort: spec.nodePorts[protocol] } : {}),
		}));
		this.#write(`service-${spec.name}`, [
			{
				apiVersion: "v1",
				kind: "Service",
				metadata: { name: spec.name, namespace: "default" },
				spec: {
					type: spec.nodePorts ? "NodePort" : "ClusterIP",
					clusterIP: spec.clusterIPs.v4,
					clusterIPs: [spec.clusterIPs.v4, spec.clusterIPs.v6],
					ipFamilies: ["IPv4", "IPv6"],
					internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster",
					ports,
					...spec.spec,
				},
				...(spec.status ? { status: spec.status } : {}),
			},
		]);
	}

	removeService(name: string): void {
		rmSync(this.#path(`service-${name}`));
	}

	/** Replaces the service's slices: one per family. */
	endpoints(spec: ServiceSpec, endpoints: readonly EndpointSpec[]): void {
		const slices = (["IPv4", "IPv6"] as const).map((addressType) => ({
			apiVersion: "discovery.k8s.io/v1",
			kind: "EndpointSlice",
			metadata: {
				name: `${spec.name}-${addressType.toLowerCase()}`,
				namespace: "default",
				labels: { "kubernetes.io/service-name": spec.name },
			},
			addressType,
			ports: portNames(spec).map((port) => ({ ...port, port: spec.targetPort })),
			endpoints: endpoints
				.filter(({ address }) => address.includes(":") === (addressType === "IPv6"))
				.map(({ address, node, terminating = false, serving = true }) => ({
					addresses: [address],
					conditions: { ready: !terminating, serving, terminating },
					nodeName: node,
				})),
		}));
		this.#write(`slices-${spec.name}`, slices);
	}

	#path(name: string): string {
		return join(this.directory, `${name}.yaml`);
	}

	/** JSON is YAML; a rename makes the change visible in one step. */
	#write(name: string, objects: readonly object[]): void {
		const text = objects.map((object) => `${JSON.stringify(object)}\n`).join("---\n");
		const draft = join(this.directory, `.${name}.draft`);
		writeFileSync(draft, text);
		renameSync(draft, this.#path(name));
	}
}

function portNames(spec: ServiceSpec): { name: string; protocol: Protocol }[] {
	const protocols = spec.protocols ?? (["TCP", "UDP"] as const);
	return protocols.map((protocol) => ({ name: protocol.toLowerCase(), protocol }));
}
