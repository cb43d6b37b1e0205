import { join } from "node:path";

import { node as nodeObject } from "../../test/cluster/lib/objects.ts";
import { endpoint } from "../../test/lib/net/addresses.ts";
import type { Lab } from "../../test/lib/net/lab.ts";
import { startAgent } from "../lib/agent.ts";
import { writeDirectory } from "../lib/manifests.ts";
import { clusterAddress, makeService, SERVICE_PORT, TARGET_PORT } from "../lib/objects.ts";
import { Pair } from "./pair.ts";
import { checkWay, type Path } from "./paths.ts";

/** Services that every node has, in a file. */
export interface Bulk {
	readonly file: string;
	readonly services: number;
}

/** A node of the lab with a pair, and an agent that reads manifests and has one Service more. */
export class PathNode {
	readonly #path: Path;
	readonly #pair: Pair;
	readonly #pinPath: string;
	readonly #target: string;

	private constructor(path: Path, pair: Pair, pinPath: string, target: string) {
		this.#path = path;
		this.#pair = pair;
		this.#pinPath = pinPath;
		this.#target = target;
	}

	/** Its Service is the one after the bulk's. */
	static async start(lab: Lab, number: number, path: Path, bulk: Bulk): Promise<PathNode> {
		const node = lab.node(number);
		const pair = await Pair.start(lab, number);
		const { service, slice } = makeService(bulk.services, [pair.server.address.v4]);
		const own = [{ ...nodeObject(node.name, node.address) }, service, slice];
		const directory = writeDirectory(join(lab.directory, `manifests${number}`), bulk.file, own);
		await startAgent(lab, node, `--manifests=${directory}`, path.flags);
		const target = endpoint(clusterAddress(bulk.services), SERVICE_PORT);
		return new PathNode(path, pair, node.pinPath, target);
	}

	/** Connections per second. */
	rate(durationMs: number): Promise<number> {
		return this.#pair.rate(this.#target, durationMs);
	}

	/** Throws unless the connections so far went this path. */
	checkWay(): void {
		checkWay(this.#path, this.#pinPath);
	}
}

/** Connections per second to a pod's own address, on a node without an agent. */
export async function startDirect(
	lab: Lab,
	number: number,
): Promise<(ms: number) => Promise<number>> {
	const pair = await Pair.start(lab, number);
	return (ms) => pair.rate(pair.direct(TARGET_PORT), ms);
}
