import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../../lib/net/command.ts";
import { buildNextRelease } from "../../lib/next-release.ts";
import { compileSampleTo } from "../../native/programs.ts";
import { writeInitramfs } from "./initramfs.ts";
import type { Kernel } from "./kernels.ts";

/** Outputs of the VM tests: archives and logs. */
export const BUILD = fileURLToPath(new URL("../../../build/vm", import.meta.url));

/** Where SLUICE_TEST_PREBUILT points in a guest. */
export const PREBUILT = "/prebuilt";

/** What the tests call beside the programs that every guest has. */
const PROGRAMS = [
	...[
		"bash",
		"conntrack",
		"curl",
		"iptables-legacy",
		"iptables-nft",
		"ip6tables-legacy",
		"ip6tables-nft",
	],
	...["mount", "ping", "socat", "sysctl", "tcpdump", "umount", "unshare"],
];

/** The tests, and the npm packages that they import. */
const TREE = [
	...["test/bpf", "test/contract", "test/native", "test/net"],
	...["node_modules/fast-check", "node_modules/pure-rand", "node_modules/yaml"],
];

/** Extensions of iptables; names of protocols and ports. */
const FOLDERS = ["/usr/lib/x86_64-linux-gnu/xtables", "/etc/protocols", "/etc/services"];

/** Writes the archive that is the same for all kernels and returns its path; the caller removes it. */
export function buildImage(nextRelease: boolean): string {
	mkdirSync(BUILD, { recursive: true });
	const folder = mkdtempSync(join(tmpdir(), "sluice-vm-"));
	const archive = join(BUILD, `tests-${process.pid}.cpio`);
	try {
		mkdirSync(join(folder, PREBUILT));
		compileSampleTo(join(folder, PREBUILT, "sample.bpf.o"));
		if (nextRelease) renameSync(buildNextRelease(), join(folder, PREBUILT, "next-release"));
		const folders = FOLDERS.filter((path) => existsSync(path));
		writeInitramfs(folder, archive, { programs: PROGRAMS, tree: TREE, folders });
		return archive;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Writes an archive for one kernel: its modules and `image`; the caller removes it. */
export function withModules(kernel: Kernel, image: string): string {
	const archive = `${image}-${kernel.release}`;
	command(["sh", "-e", "-c", 'cat "$1" "$2" >"$3"', "sh", kernel.modules, image, archive]);
	return archive;
}
