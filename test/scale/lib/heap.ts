import { fileURLToPath } from "node:url";

import { memory } from "../../../bench/agent/process.ts";
import type { LabNode } from "../../lib/net/node.ts";
import type { RunningProcess } from "../../lib/net/process.ts";

const CLIENT = fileURLToPath(new URL("heap-client.ts", import.meta.url));
const MIB = 2 ** 20;

/** Memory of an agent with all garbage collected, in MiB. */
export interface Settled {
	/** JavaScript objects that something still refers to. */
	readonly heap: number;
	readonly rss: number;
}

/**
 * Has an agent collect its garbage, through Node's inspector, which SIGUSR1 opens. The inspector needs
 * memory of its own: only readings by this function compare.
 */
export function settledMemory(node: LabNode, agent: RunningProcess): Settled {
	agent.signal("SIGUSR1");
	const { usedSize } = JSON.parse(node.place.run([process.execPath, CLIENT])) as {
		usedSize: number;
	};
	return { heap: usedSize / MIB, rss: memory(agent.pid).now };
}
