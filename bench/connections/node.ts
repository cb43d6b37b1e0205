import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { loadAddon } from "../../src/dataplane/addon.ts";
import { PinPaths } from "../../src/dataplane/pins.ts";
import { Table } from "../../src/dataplane/table.ts";
import { Flow, FlowKey, FlowWay } from "../../src/layout/structs.ts";
import { node as nodeObject } from "../../test/cluster/lib/objects.ts";
import { endpoint } from "../../test/lib/net/addresses.ts";
import { Agent } from "../../test/lib/net/agent.ts";
import { command } from "../../test/lib/net/command.ts";
import type { Lab } from "../../test/lib/net/lab.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import { writeDirectory } from "../lib/manifests.ts";
import { clusterAddress, makeService, SERVICE_PORT, TARGET_PORT } from "../lib/objects.ts";

const PROGRAM = fileURLToPath(new URL("../../build/traffic/traffic", import.meta.url));
const SOURCES = fileURLToPath(new URL("../../tools/traffic", import.meta.url));

/**
 * Client and server share one core, before all others: the rate is then one over the cost of
 * everything.
 */
const CORE = String(cpus().length - 1);
const PINNED = ["nice", "-n", "-20", "taskset", "-c", CORE, PROGRAM];

/** How connections of a node's client reach the server in the node's other pod. */
export interface Path {
	readonly name: "direct" | "socket" | "redirect" | "stack";
	/** Of the agent; undefined: there is none, and the client asks the pod's own address. */
	readonly flags: readonly string[] | undefined;
	/** Way of the flows that must be seen; undefined: there must be none. */
	readonly way: number | undefined;
}

export const PATHS: readonly Path[] = [
	{ name: "direct", flags: undefined, way: undefined },
	{ name: "socket", flags: ["--socket-lb=on"], way: undefined },
	{
		name: "redirect",
		flags: ["--socket-lb=off", "--forwarding=auto"],
		way: FlowWay.WAY_PEER,
	},
	{
		name: "stack",
		flags: ["--socket-lb=off", "--forwarding=stack"],
		way: FlowWay.WAY_STACK,
	},
];

export function buildTraffic(): void {
	command(["make", "-s", "-C", SOURCES]);
}

/** A node of the lab with a server, a client, and an agent if its path has one. */
export class PathNode {
	readonly path: Path;
	readonly #node: LabNode;
	readonly #target: string;

	private constructor(path: Path, node: LabNode, target: string) {
		this.path = path;
		this.#node = node;
		this.#target = target;
	}

	/** Pods are named client<N> and server<N> for node N. `bulk` holds the other Services. */
	static async start(
		lab: Lab,
		number: number,
		path: Path,
		bulk: { file: string; services: number },
	): Promise<PathNode> {
		const node = lab.node(number);
		// The guards have nf_conntrack look at every packet, which is not what is measured.
		node.place.run(["nft", "delete", "table", "inet", "sluice_guard"]);
		const server = lab.pod(`server${number}`);
		const serving = server.place.start([...PINNED, "crr-serve", "--port", String(TARGET_PORT)]);
		await serving.said("started");
		if (path.flags === undefined) {
			return new PathNode(path, node, endpoint(server.address.v4, TARGET_PORT));
		}
		const { service, slice } = makeService(bulk.services, [server.address.v4]);
		const own = [{ ...nodeObject(node.name, node.address) }, service, slice];
		const directory = writeDirectory(join(lab.directory, `manifests${number}`), bulk.file, own);
		const agent = new Agent(lab, node, `--manifests=${directory}`, path.flags);
		await agent.start();
		return new PathNode(path, node, endpoint(clusterAddress(bulk.services), SERVICE_PORT));
	}

	/** Connections per second. */
	async rate(durationMs: number): Promise<number> {
		const client = this.#node.pods.get(`client${this.#node.number}`);
		if (client === undefined) throw new Error(`${this.#node.name} has no client`);
		const flags = ["--to", this.#target, "--duration-ms", String(durationMs)];
		const running = client.place.start([...PINNED, "crr", ...flags]);
		const { count, seconds } = JSON.parse(await running.line()) as {
			count: number;
			seconds: number;
		};
		await running.exit();
		return count / seconds;
	}

	/**
	 * Throws unless the connections so far went the way that they are measured for; a few may have
	 * begun before the neighbour was known.
	 */
	checkWay(): void {
		const { name, flags, way } = this.path;
		if (flags === undefined) return;
		const map = loadAddon().BpfMap.fromPin(new PinPaths(this.#node.pinPath).map("flows"));
		const ways = new Table(map, FlowKey, Flow).entries().map(([, flow]) => flow.way);
		map.close();
		const right = ways.filter((one) => one === way).length;
		if (way === undefined ? ways.length === 0 : right > 0.9 * ways.length) return;
		throw new Error(`path ${name}: only ${right} of ${ways.length} flow entries go its way`);
	}
}
