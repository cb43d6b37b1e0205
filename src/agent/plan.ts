/** `sluice plan`: the pure part of the agent, over a directory, without a kernel. */
import { statSync } from "node:fs";
import { UsageError } from "../config.ts";
import { loadManifests } from "../manifests/load.ts";
import { Cluster } from "../model/cluster.ts";
import { report } from "../plan/report.ts";

/** The text that the command prints. Throws UsageError when the directory cannot be read. */
export function planDirectory(
	directory: string,
	nodeName: string,
	output: "json" | "maps",
): string {
	checkDirectory(directory);
	const { changes, skips } = loadManifests(directory);
	const cluster = new Cluster(nodeName);
	cluster.apply(changes);
	void output;
	return `${JSON.stringify(report(cluster, skips), null, "\t")}\n`;
}

function checkDirectory(directory: string): void {
	const stats = statSync(directory, { throwIfNoEntry: false });
	if (stats === undefined) throw new UsageError(`--manifests: ${directory} does not exist`);
	if (!stats.isDirectory()) throw new UsageError(`--manifests: ${directory} is not a directory`);
}
