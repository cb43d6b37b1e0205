import {
	existsSync,
	mkdirSync,
	readdirSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../../lib/net/command.ts";

const CACHE = fileURLToPath(new URL("../../../.cache/kernels", import.meta.url));
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Debian suites by the kernel they have; "sid": whatever is newest. */
export const SUITES = {
	"5.10": "bullseye",
	"6.1": "bookworm",
	"6.12": "trixie",
	sid: "sid",
} as const;

/** A cached kernel of sid is the newest for so long. */
const NEWEST_DAYS = 7;

export type KernelName = keyof typeof SUITES;

/** An unpacked Debian kernel. */
export interface Kernel {
	/** Such as "5.10.0-32-cloud-amd64". */
	readonly release: string;
	readonly image: string;
	/** An initramfs archive with the modules that networking can need. */
	readonly modules: string;
}

/** What newer suites have taken out of linux-image-*: the image, the modules, the built-in modules' list. */
const SPLIT_OFF = /^linux-(binary|modules|base)-\d/;

/** Folders of modules, beside drivers/net/*.ko: everything that netfilter, tc, tunnels and crypto ask for. */
const MODULE_FOLDERS = ["net", "lib", "crypto", "arch"];

/**
 * Fetches a suite's cloud kernel with apt, beside the machine's own package lists; cached: that of a
 * release until the cache is removed, that of sid for a week, or longer where apt cannot be reached.
 */
export function kernel(name: KernelName): Kernel {
	const suite = SUITES[name];
	const folder = join(CACHE, suite);
	if (!existsSync(folder)) fetchKernel(suite, folder);
	else if (name === "sid" && isOld(folder)) renewKernel(suite, folder);
	const release = releaseIn(folder);
	return {
		release,
		image: imageIn(folder, release),
		modules: join(folder, "modules.cpio"),
	};
}

function isOld(folder: string): boolean {
	return Date.now() - statSync(folder).mtimeMs > NEWEST_DAYS * 86_400_000;
}

/** Keeps what there is when nothing newer can be had. */
function renewKernel(suite: string, folder: string): void {
	try {
		fetchKernel(suite, folder);
	} catch (error) {
		process.stderr.write(`${suite}: the cached kernel is used: ${String(error).split("\n")[0]}\n`);
	}
}

function fetchKernel(suite: string, folder: string): void {
	const partial = `${folder}.partial-${process.pid}`;
	try {
		download(suite, partial);
		archiveModules(partial);
		rmSync(folder, { recursive: true, force: true });
		renameSync(partial, folder);
	} finally {
		rmSync(partial, { recursive: true, force: true });
	}
}

function imageIn(folder: string, release: string): string {
	const own = join(folder, "boot", `vmlinuz-${release}`);
	return existsSync(own) ? own : join(folder, "lib/modules", release, "vmlinuz");
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
	const depends = (name: string): string[] => {
		const text = command(["apt-cache", ...flags, "depends", name]);
		return [...text.matchAll(/^ *Depends: (\S+)/gm)].map(([, found = ""]) => found);
	};
	const image = depends("linux-image-cloud-amd64").find((name) => /^linux-image-\d/.test(name));
	if (image === undefined) throw new Error(`${suite} has no cloud kernel`);
	const packages = [image, ...depends(image).filter((name) => SPLIT_OFF.test(name))];
	const fetch = ["sh", "-e", "-c", 'cd "$1" && shift && exec "$@"', "sh", join(lists, "archives")];
	command([...fetch, "apt-get", ...flags, "-q", "download", ...packages]);
	for (const file of readdirSync(join(lists, "archives"))) {
		if (file.endsWith(".deb")) command(["dpkg-deb", "-x", join(lists, "archives", file), folder]);
	}
	rmSync(lists, { recursive: true });
	// Newer suites have /lib merged into /usr/lib.
	const merged = join(folder, "usr/lib/modules");
	if (!existsSync(merged)) return;
	mkdirSync(join(folder, "lib"), { recursive: true });
	renameSync(merged, join(folder, "lib/modules"));
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
