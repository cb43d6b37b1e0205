/** `sluice plan`: the pure part of the agent, over a directory, without a kernel. */
import { statSync } from "node:fs";
import { UsageError } from "../config.ts";
import { fakeServiceMaps } from "../dataplane/fake-maps.ts";
import { loadManifests } from "../manifests/load.ts";
import { Cluster } from "../model/cluster.ts";
import type { ServiceProxySettings } from "../model/proxy-settings.ts";
import { report } from "../plan/report.ts";
import { dumpMaps } from "../sync/dump.ts";
import { Syncer } from "../sync/syncer.ts";

/** Whose plan it is. */
export interface PlannedNode {
	/** The node's name. */
	readonly node: string;
	readonly settings: ServiceProxySettings;
}

/** The text that the command prints. The node has the addresses of its Node object. Throws UsageError when the directory cannot be read. */
export async function planDirectory(
	directory: string,
	{ node, settings }: PlannedNode,
	output: "json" | "maps",
): Promise<string> {
	checkDirectory(directory);
	const { changes, skips } = loadManifests(directory);
	const cluster = new Cluster(node, settings);
	cluster.apply(changes);
	if (output === "maps") return await planMaps(cluster);
	return `${JSON.stringify(report(cluster, skips), null, "\t")}\n`;
}

/** What the maps of a node that starts now would hold. */
async function planMaps(cluster: Cluster): Promise<string> {
	const maps = fakeServiceMaps();
	const syncer = new Syncer(cluster, maps);
	await syncer.adopt();
	await syncer.syncOnce();
	return dumpMaps(maps);
}

function checkDirectory(directory: string): void {
	const stats = statSync(directory, { throwIfNoEntry: false });
	if (stats === undefined) throw new UsageError(`--manifests: ${directory} does not exist`);
	if (!stats.isDirectory()) throw new UsageError(`--manifests: ${directory} is not a directory`);
}
