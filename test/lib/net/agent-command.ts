import { fileURLToPath } from "node:url";

import type { LabNode } from "./node.ts";

/** The program as a user calls it. */
export const SLUICE = fileURLToPath(new URL("../../../bin/sluice", import.meta.url));

/**
 * The command line of an agent on a node of a lab: its own pins, its own cgroup.
 *
 * @param source --manifests or --kubeconfig
 */
export function agentCommand(
	node: LabNode,
	source: string,
	flags: readonly string[] = [],
): string[] {
	return [
		...[SLUICE, "agent", source],
		`--hostname-override=${node.name}`,
		`--pin-path=${node.pinPath}`,
		`--cgroup-root=${node.cgroup}`,
		// The machine's memory is not the lab's to rule over.
		"--oom-score-adj=0",
		...flags,
	];
}
