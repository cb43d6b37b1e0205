import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../../lib/net/command.ts";

const CACHE = fileURLToPath(new URL("../../../.cache/kernels", import.meta.url));
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Debian suites by the kernel they have. */
export const SUITES = { "5.10": "bullseye", "6.1": "bookworm" } as const;

export type KernelName = keyof typeof SUITES;

/** An unpacked Debian kernel. */
export interface Kernel {
	/** Such as "5.10.0-32-cloud-amd64". */
	readonly release: string;
	readonly image: string;
	/** An initramfs archive with the modules that networking can need. */
	readonly modules: string;
}

/** Folders of modules, beside drivers/net/*.ko: everything that netfilter, tc, tunnels and crypto ask for. */
const MODULE_FOLDERS = ["net", "lib", "crypto", "arch"];

/** Fetches a suite's cloud kernel with apt, beside the machine's own package lists; cached. */
export function kernel(name: KernelName): Kernel {
	const suite = SUITES[name];
	const folder = join(CACHE, suite);
	if (!existsSync(folder)) {
		const partial = `${folder}.partial`;
		rmSync(partial, { recursive: true, force: true });
		download(suite, partial);
		archiveModules(partial);
		renameSync(partial, folder);
	}
	const release = releaseIn(folder);
	return {
		release,
		image: join(folder, "boot", `vmlinuz-${release}`),
		modules: join(folder, "modules.cpio"),
	};
}

function releaseIn(folder: string): string {
	const [release] = readdirSync(join(folder, "lib/modules"));
	if (release === undefined) throw new Error(`${folder} has no kernel modules`);
	return release;
}

/** The archive that this machine takes its own packages from. */
function mirror(): string {
	const targets = command([
		"apt-get",
		"indextargets",
		"--format",
		"$(SITE) $(RELEASE) $(COMPONENT)",
	]);
	const main = /^(\S+) [a-z]+ main$/m.exec(targets)?.[1];
	if (main === undefined) throw new Error("apt knows no Debian archive on this machine");
	return main;
}

function download(suite: string, folder: string): void {
	const lists = join(folder, "apt");
	mkdirSync(join(lists, "lists/partial"), { recursive: true });
	mkdirSync(join(lists, "archives/partial"), { recursive: true });
	writeFileSync(join(lists, "status"), "");
	writeFileSync(join(lists, "sources"), `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
	const options = {
		"Dir::State": lists,
		"Dir::State::status": join(lists, "status"),
		"Dir::Cache": lists,
		"Dir::Etc::sourcelist": join(lists, "sources"),
		"Dir::Etc::sourceparts": "-",
		"APT::Sandbox::User": "root",
		"Acquire::Languages": "none",
	};
	const flags = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
	command(["apt-get", ...flags, "-q", "update"]);
	const depends = command(["apt-cache", ...flags, "depends", "linux-image-cloud-amd64"]);
	const image = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
	if (image === undefined) throw new Error(`${suite} has no cloud kernel`);
	command([
		"apt-get",
		...flags,
		"-q",
		"-y",
		"--download-only",
		"--no-install-recommends",
		"install",
		image,
	]);
	for (const file of readdirSync(join(lists, "archives"))) {
		if (!file.startsWith("linux-image-")) continue;
		command(["dpkg-deb", "-x", join(lists, "archives", file), folder]);
	}
	rmSync(lists, { recursive: true });
}

function archiveModules(folder: string): void {
	const release = releaseIn(folder);
	command(["busybox", "depmod", "-b", folder, release]);
	const modules = join("lib/modules", release);
	const kept = MODULE_FOLDERS.map((name) => join(modules, "kernel", name));
	const find = `cd "$1" && shift && { echo lib; echo lib/modules; echo ${modules}; echo ${modules}/kernel
		echo ${modules}/kernel/drivers; find ${kept.join(" ")} ${modules}/kernel/drivers/net ${modules}/modules.* 2>/dev/null || true
	} | cpio --quiet -o -H newc > modules.cpio`;
	command(["sh", "-e", "-c", find, "sh", folder]);
}
