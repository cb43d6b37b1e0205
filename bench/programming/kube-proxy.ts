import { existsSync } from "node:fs";

import type { Cluster } from "../../test/cluster/lib/cluster.ts";
import { KubeProxy, type KubeProxyMode } from "../../test/cluster/lib/kube-proxy.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import { type Memory, memory } from "../agent/process.ts";
import type { ServiceProxy } from "./service-proxy.ts";

/** Takes away all rules of a namespace, and what nf_conntrack remembers. */
const FLUSH = `
	for table in nat filter mangle; do
		for program in iptables-legacy ip6tables-legacy; do
			$program -w -t $table -F
			$program -w -t $table -X
		done
	done
	nft flush ruleset
	conntrack -F 2>/dev/null
`;

/** The real kube-proxy on a node of its own, started anew each time. */
export class Peer implements ServiceProxy {
	readonly name: string;
	readonly node: LabNode;
	readonly #cluster: Cluster;
	readonly #mode: KubeProxyMode;
	#running: KubeProxy | undefined;

	constructor(cluster: Cluster, node: LabNode, mode: KubeProxyMode) {
		this.name = `kube-proxy ${mode}`;
		this.node = node;
		this.#cluster = cluster;
		this.#mode = mode;
	}

	start(): void {
		this.#running = new KubeProxy(this.#cluster, this.node, this.#mode);
	}

	check(): void {
		if (!existsSync(`/proc/${this.#now().pid}`)) throw new Error(this.#now().log);
	}

	/** Connections that were tried too early have left entries that later ones would follow. */
	settled(): void {
		this.#now().flush();
	}

	cpuMs(): number {
		return this.#now().cpuMs;
	}

	memory(): Memory {
		return memory(this.#now().pid);
	}

	async stop(): Promise<void> {
		await this.#now().stop("SIGKILL");
		this.node.place.run(["sh", "-e"], FLUSH);
	}

	#now(): KubeProxy {
		if (this.#running === undefined) throw new Error(`${this.name} has not been started`);
		return this.#running;
	}
}
