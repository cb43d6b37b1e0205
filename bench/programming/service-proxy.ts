import { join } from "node:path";

import type { Cluster } from "../../test/cluster/lib/cluster.ts";
import { agentCommand, SLUICE } from "../../test/lib/net/agent-command.ts";
import { makeCgroup } from "../../test/lib/net/cgroup.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import { Place } from "../../test/lib/net/place.ts";
import type { RunningProcess } from "../../test/lib/net/process.ts";
import { cpuMs, type Memory, memory } from "../agent/process.ts";

/** A service proxy on a node of its own, started and stopped at will. */
export interface ServiceProxy {
	/** "Sluice", or which kube-proxy. */
	readonly name: string;
	readonly node: LabNode;
	/** Returns as soon as the process runs. */
	start(): void;
	/** Throws when it has ended by itself. */
	check(): void;
	/** To be called when it has begun to serve. */
	settled(): void;
	/** CPU time in ms since the node was made, of ended processes too. */
	cpuMs(): number;
	memory(): Memory;
	/** Ends it and takes away what it programmed. */
	stop(): Promise<void>;
}

/** An agent with its defaults, in a cgroup of its own that has its CPU time. */
export class Sluice implements ServiceProxy {
	readonly name = "Sluice";
	readonly node: LabNode;
	readonly #cluster: Cluster;
	readonly #place: Place;
	#process: RunningProcess | undefined;

	constructor(cluster: Cluster, node: LabNode) {
		this.node = node;
		this.#cluster = cluster;
		const cgroup = makeCgroup(join(cluster.lab.cgroup, `proxy-${node.name}`));
		this.#place = cluster.lab.own(new Place(node.place.netns, cgroup));
	}

	start(): void {
		this.#process = this.#place.start(agentCommand(this.node, this.#cluster.agentSource));
	}

	check(): void {
		const { ended, stderr } = this.#running();
		if (ended) throw new Error(`the agent ended:\n${stderr.slice(-2000)}`);
	}

	settled(): void {
		// No connection that was tried too early has left anything.
	}

	cpuMs(): number {
		return cpuMs(this.#place.cgroup);
	}

	memory(): Memory {
		return memory(this.#running().pid);
	}

	async stop(): Promise<void> {
		await this.#running().stop();
		this.node.place.run([SLUICE, "cleanup", `--pin-path=${this.node.pinPath}`]);
	}

	#running(): RunningProcess {
		if (this.#process === undefined) throw new Error("the agent has not been started");
		return this.#process;
	}
}
