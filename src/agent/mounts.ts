/** Where the kernel's file systems are mounted. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Addon } from "../dataplane/addon.ts";

const DEFAULT_BPFFS = "/sys/fs/bpf";

/** The first cgroup v2 mount; on hybrid hosts it is not /sys/fs/cgroup. */
export function findCgroupRoot(mounts = readFileSync("/proc/self/mounts", "utf8")): string {
	for (const line of mounts.split("\n")) {
		const [, path = "", type = ""] = line.split(" ");
		if (type === "cgroup2") return unescapeMount(path);
	}
	throw new Error("no cgroup v2 file system is mounted: mount one, or give --socket-lb=off");
}

/** The mount table writes blanks and backslashes in octal. */
function unescapeMount(path: string): string {
	return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
		String.fromCharCode(Number.parseInt(octal, 8)),
	);
}

/** Makes sure that pins can be made at `path`; mounts a bpffs at its usual place when there is none. */
export function ensureBpffs(addon: Addon, path: string): void {
	if (`${path}/`.startsWith(`${DEFAULT_BPFFS}/`) && !addon.isBpffs(DEFAULT_BPFFS)) {
		addon.mountBpffs(DEFAULT_BPFFS);
	}
	let existing = path;
	while (!existsSync(existing)) existing = dirname(existing);
	if (!addon.isBpffs(existing)) {
		throw new Error(`${path} is not on a bpffs: mount one there (mount -t bpf bpf ${path})`);
	}
	mkdirSync(path, { recursive: true, mode: 0o700 });
}
