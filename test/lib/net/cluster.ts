import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import type { Protocol } from "../../../src/model/objects.ts";
import { type AddressPair, endpoint } from "./addresses.ts";
import { Agent } from "./agent.ts";
import { until } from "./command.ts";
import { Lab, type LabOptions } from "./lab.ts";
import { LiveMaps } from "./live.ts";
import { Manifests, type ServiceSpec } from "./manifests.ts";
import type { LabPod } from "./pod.ts";
import { serve, type Target } from "./traffic.ts";

/** Port of every service. */
export const SERVICE_PORT = 80;
/** Port of every server in a pod. */
export const POD_PORT = 8080;

export type Family = "v4" | "v6";
export const FAMILIES: readonly Family[] = ["v4", "v6"];
export const PROTOCOLS = ["TCP", "UDP"] as const;

export interface ClusterOptions extends Omit<LabOptions, "pods"> {
	/** Further flags of every agent. */
	readonly flags?: readonly string[];
	/** Of every service and server; default TCP and UDP. */
	readonly protocols?: readonly Protocol[];
	/** Pod name -> node; default: servers a, b and c and the client x on node 1; with two nodes c is on node 2. */
	readonly pods?: LabOptions["pods"];
}

/** A service of a cluster and the pods that are its endpoints. */
export class ClusterService {
	readonly spec: ServiceSpec;
	pods: readonly LabPod[] = [];

	constructor(spec: ServiceSpec) {
		this.spec = spec;
	}

	target(family: Family, protocol: Target["protocol"]): Target {
		return { address: this.spec.clusterIPs[family], port: this.spec.port, protocol };
	}

	/** What clients have to see as their peer. */
	text(family: Family): string {
		return endpoint(this.spec.clusterIPs[family], this.spec.port);
	}
}

/** A lab whose nodes run agents on one directory of manifests, with servers in its pods. */
export class Cluster {
	readonly lab: Lab;
	readonly manifests: Manifests;
	readonly agents: Agent[] = [];
	readonly #protocols: readonly Protocol[];
	#services = 0;

	private constructor(lab: Lab, protocols: readonly Protocol[]) {
		this.lab = lab;
		this.#protocols = protocols;
		this.manifests = new Manifests(join(lab.directory, "manifests"));
	}

	static async create(options: ClusterOptions = {}): Promise<Cluster> {
		const far = (options.nodes ?? 1) > 1 ? 2 : 1;
		const pods = options.pods ?? { a: 1, b: 1, c: far, x: 1 };
		const cluster = new Cluster(Lab.create({ ...options, pods }), options.protocols ?? PROTOCOLS);
		try {
			await cluster.#start(options.flags ?? []);
			return cluster;
		} catch (error) {
			cluster.close();
			throw error;
		}
	}

	/** A new service with these pods as endpoints, programmed on every node. */
	async service(
		name: string,
		pods: readonly string[],
		more: Pick<ServiceSpec, "internalTrafficPolicy" | "nodePorts" | "spec" | "status"> = {},
	): Promise<ClusterService> {
		const number = 10 + this.#services++;
		const clusterIPs: AddressPair = {
			v4: `10.96.0.${number}`,
			v6: `fd00:96::${number.toString(16)}`,
		};
		const ports = { port: SERVICE_PORT, targetPort: POD_PORT, protocols: this.#protocols };
		const spec = { name, clusterIPs, ...ports, ...more };
		const service = new ClusterService(spec);
		this.manifests.service(spec);
		await this.endpoints(service, pods);
		return service;
	}

	/** Replaces a service's endpoints and waits until every agent has programmed them. */
	async endpoints(service: ClusterService, pods: readonly string[]): Promise<void> {
		service.pods = pods.map((name) => this.lab.pod(name));
		this.writeEndpoints(service);
		for (const agent of this.agents) await this.programmed(service, agent);
	}

	/** Writes the endpoints without waiting. */
	writeEndpoints(service: ClusterService): void {
		const endpoints = service.pods.flatMap(({ address, node }) =>
			FAMILIES.map((family) => ({ address: address[family], node: node.name })),
		);
		this.manifests.endpoints(service.spec, endpoints);
	}

	/** Waits until the agent's maps hold exactly the service's endpoints. */
	async programmed(service: ClusterService, agent: Agent): Promise<void> {
		const live = new LiveMaps(agent.node.pinPath);
		for (const family of FAMILIES) {
			const { port } = service.spec;
			const address = service.spec.clusterIPs[family];
			const want = service.pods.map((pod) => endpoint(pod.address[family], POD_PORT)).sort();
			for (const protocol of this.#protocols) {
				const got = () => live.backends({ address, port, protocol });
				await until(`${service.spec.name} has ${want}`, () =>
					isDeepStrictEqual(got(), want) ? true : undefined,
				);
			}
		}
	}

	pod(name: string): LabPod {
		return this.lab.pod(name);
	}

	close(): void {
		this.lab.close();
	}

	async #start(flags: readonly string[]): Promise<void> {
		for (const node of this.lab.nodes) {
			this.manifests.node(node.name, node.address);
			const sctp = this.#protocols.includes("SCTP");
			for (const pod of node.pods.values()) await serve(pod.place, pod.name, POD_PORT, { sctp });
		}
		for (const node of this.lab.nodes) {
			const source = `--manifests=${this.manifests.directory}`;
			const agent = new Agent(this.lab, node, source, flags);
			this.agents.push(agent);
			await agent.start();
		}
		this.lab.guards.reset();
	}
}
