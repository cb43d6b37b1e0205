/** --init-only: what a container with all privileges does for one with few. */
import type { AgentConfig } from "../config.ts";
import type { Addon } from "../dataplane/addon.ts";
import { ensureBpffs, findCgroupRoot } from "./mounts.ts";

/**
 * Mounts a bpffs if there is none where pins are to be, makes the directory for pins, and finds the
 * cgroup whose sockets are served. Sluice sets no sysctl and loads no module. Says what it found;
 * throws when something is missing.
 */
export function prepareNode(
	addon: Addon,
	{ pinPath, cgroupRoot, socketLb }: Pick<AgentConfig, "pinPath" | "cgroupRoot" | "socketLb">,
): string {
	ensureBpffs(addon, pinPath);
	const found = `pins go to ${pinPath}`;
	if (!socketLb) return found;
	return `${found}, sockets below ${cgroupRoot === "" ? findCgroupRoot() : cgroupRoot} are served`;
}
