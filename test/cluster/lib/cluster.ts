import { agentCommand, SLUICE } from "../../lib/net/agent-command.ts";
import { until } from "../../lib/net/command.ts";
import { Lab, type LabOptions } from "../../lib/net/lab.ts";
import type { LabNode } from "../../lib/net/node.ts";
import type { LabPod } from "../../lib/net/pod.ts";
import type { RunningProcess } from "../../lib/net/process.ts";
import { ControlPlane } from "./control-plane.ts";
import { createReadyPod, named, node, pod, podStatus } from "./objects.ts";

/** A lab whose nodes are nodes of a real cluster, each with an agent. */
export class Cluster {
	readonly lab: Lab;
	readonly plane: ControlPlane;
	readonly agents: RunningProcess[] = [];

	private constructor(lab: Lab, plane: ControlPlane) {
		this.lab = lab;
		this.plane = plane;
	}

	/** Builds the lab, starts the control plane, registers the nodes. No agent runs yet. */
	static async create(options: LabOptions): Promise<Cluster> {
		const lab = Lab.create(options);
		try {
			const plane = await ControlPlane.start(lab);
			for (const { name, address } of lab.nodes) await plane.api.create(node(name, address));
			return new Cluster(lab, plane);
		} catch (error) {
			lab.close();
			throw error;
		}
	}

	/** The flag with which agents reach this cluster's API server. */
	get agentSource(): string {
		return `--kubeconfig=${this.plane.kubeconfigFile("system:kube-proxy")}`;
	}

	/** Starts the agent of a node. `source`: another flag to reach the API server by. */
	launchAgent(
		on: LabNode,
		flags: readonly string[] = [],
		source = this.agentSource,
	): RunningProcess {
		const agent = on.place.start(agentCommand(on, source, flags));
		this.agents.push(agent);
		return agent;
	}

	/** Starts the agent of a node and waits until it is healthy. */
	async startAgent(
		on: LabNode,
		flags: readonly string[] = [],
		limitMs = 60_000,
		source = this.agentSource,
	): Promise<RunningProcess> {
		const agent = this.launchAgent(on, flags, source);
		await until(
			"the agent is healthy",
			() => {
				if (agent.ended) throw new Error(`the agent ended:\n${agent.stderr.slice(-4000)}`);
				return this.healthz(on) === 200 ? true : undefined;
			},
			limitMs,
		);
		return agent;
	}

	/** HTTP status of an agent's /healthz; 0 when nothing answers. */
	healthz(on: LabNode): number {
		const curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"];
		const shell = `${curl.join(" ")} http://127.0.0.1:10256/healthz || true`;
		return Number(on.place.run(["sh", "-c", shell]));
	}

	/** Output of a reading command over a node's pins, such as ["backends"]. */
	read(on: LabNode, argv: readonly string[]): string {
		return on.place.run([SLUICE, ...argv, `--pin-path=${on.pinPath}`]);
	}

	/** Registers a pod of the lab as a ready Pod with these labels. */
	async addPod(of: LabPod, labels: Record<string, string>): Promise<void> {
		await createReadyPod(this.plane.api, pod(of.name, of.node.name, labels), of.address);
	}

	async setReady(of: LabPod, ready: boolean): Promise<void> {
		await this.plane.api.patch(named("Pod", of.name), podStatus(of.address, ready), "status");
	}

	/** Ends everything; fails when a guard has seen a wrong packet. */
	close(): void {
		const grown = this.lab.guards.grown();
		this.plane.close();
		this.lab.close();
		if (grown.length > 0) throw new Error(`guards: ${grown.join(", ")}`);
	}
}
