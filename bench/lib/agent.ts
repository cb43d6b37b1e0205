import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { agentCommand } from "../../test/lib/net/agent-command.ts";
import { makeCgroup } from "../../test/lib/net/cgroup.ts";
import type { Lab } from "../../test/lib/net/lab.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import { Place } from "../../test/lib/net/place.ts";

/** Longer than an agent needs for all Services there can be. */
const START_MS = 300_000;
/** Between two questions whether it is healthy, which cost time that it needs itself. */
const PAUSE_MS = 100;

/**
 * Starts an agent on a node, outside of the cgroup that it serves, and waits until it is healthy. It
 * ends with the lab.
 *
 * @param source --manifests or --kubeconfig
 */
export async function startAgent(
	lab: Lab,
	node: LabNode,
	source: string,
	flags: readonly string[],
): Promise<void> {
	const place = lab.own(
		new Place(node.place.netns, makeCgroup(join(lab.cgroup, `agent-${node.name}`))),
	);
	const logFile = join(lab.directory, `agent-${node.name}.log`);
	const agent = place.startLogged(logFile, agentCommand(node, source, flags));
	const deadline = Date.now() + START_MS;
	while (!healthy(node)) {
		if (agent.ended || Date.now() > deadline) {
			const why = agent.ended ? "has ended" : `is not healthy after ${START_MS / 1000} s`;
			const log = readFileSync(logFile, "utf8").slice(-4000);
			throw new Error(`the agent of ${node.name} ${why}:\n${log}`);
		}
		await delay(PAUSE_MS);
	}
}

function healthy({ place }: LabNode): boolean {
	const ask = "curl -sf -o /dev/null http://127.0.0.1:10256/healthz && echo yes || true";
	return place.run(["sh", "-c", ask]).startsWith("yes");
}
