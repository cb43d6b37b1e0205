import { fileURLToPath } from "node:url";

import type { Report } from "./report.ts";
import type { Sandbox } from "./sandbox.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Prints how to look around in a sandbox that stays up, and how to remove it. */
export function showKept(sandbox: Sandbox, report: Report): void {
	const { lab, agent, manifests } = sandbox;
	const node = lab.node(1);
	const pins = `--pin-path=${node.pinPath}`;
	const client = lab.pod("client").place;
	const enter = `nsenter --net=/run/netns/${client.netns}`;
	const join = `echo $$ > ${client.cgroup}/cgroup.procs`;
	report.title("The sandbox stays up");
	report.show(
		[
			"What the node knows:",
			`  ${ROOT}/bin/sluice services ${pins}`,
			`  ${ROOT}/bin/sluice flows ${pins}`,
			`  nsenter --net=/run/netns/${node.place.netns} ${ROOT}/bin/sluice status ${pins}`,
			"A shell in the client's pod, then a request:",
			`  ${enter} sh -c '${join}; exec bash'`,
			`  echo | ${ROOT}/build/traffic/traffic talk --to 10.96.0.10:80`,
			"Programs and maps:",
			"  bpftool prog show name tc_ingress",
			`  bpftool cgroup tree ${node.cgroup}`,
			`  ls ${node.pinPath}/maps ${node.pinPath}/links`,
			`  bpftool map dump pinned ${node.pinPath}/maps/frontends_v1`,
			"Change a manifest and see what happens:",
			`  ${manifests}`,
			`  ${agent.logFile}`,
			"Remove it all:",
			`  ${process.execPath} ${ROOT}/tools/demo/remove.ts ${lab.id}`,
		].join("\n"),
	);
}
