import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../../lib/net/command.ts";

const TREE = fileURLToPath(new URL("../../..", import.meta.url));

/** Programs of this machine that the guest runs, with the libraries they need. */
const PROGRAMS = ["ip", "bridge", "tc", "nft", "nsenter", "ethtool", "bpftool"];

/** What the guest sees of the tree, at /sluice. */
const PARTS = ["bin", "build/bpf", "build/dist", "build/native/Release", "build/traffic", "src"];
const TESTS = ["package.json", "test/lib", "test/vm/guest"];

/**
 * Writes an initramfs archive with busybox, Node and the built tree; its /init is test/vm/guest/init.
 * `folder` is scratch space.
 */
export function writeInitramfs(folder: string, archive: string): void {
	for (const name of [
		"bin",
		"dev",
		"etc",
		"lib64",
		"proc",
		"root",
		"run",
		"sbin",
		"sys",
		"tmp",
		"usr",
	]) {
		mkdirSync(join(folder, name), { recursive: true });
	}
	cpSync("/bin/busybox", join(folder, "bin/busybox"));
	for (const applet of command(["/bin/busybox", "--list-full"]).trim().split("\n")) {
		const link = join(folder, applet);
		mkdirSync(dirname(link), { recursive: true });
		if (!existsSync(link)) symlinkSync("/bin/busybox", link);
	}
	for (const name of PROGRAMS) {
		addProgram(
			folder,
			command(["sh", "-c", `command -v ${name}`]).trim(),
			`/usr/local/bin/${name}`,
		);
	}
	addProgram(folder, process.execPath, "/usr/local/bin/node");
	command(["make", "-s", "-C", join(TREE, "tools/traffic")]);
	// Everything is built when it gets into the guest.
	writeFileSync(join(folder, "usr/local/bin/make"), "#!/bin/sh\n", { mode: 0o755 });
	for (const part of [...PARTS, ...TESTS]) {
		cpSync(join(TREE, part), join(folder, "sluice", part), { recursive: true });
	}
	addLibraries(folder, join(TREE, "build/native/Release/sluice.node"));
	cpSync(join(TREE, "test/vm/guest/init"), join(folder, "init"));
	command([
		"sh",
		"-e",
		"-c",
		'cd "$1" && find . | cpio --quiet -o -H newc > "$2"',
		"sh",
		folder,
		archive,
	]);
}

function addProgram(folder: string, from: string, to: string): void {
	const file = realpathSync(from);
	mkdirSync(join(folder, dirname(to)), { recursive: true });
	cpSync(file, join(folder, to));
	addLibraries(folder, file);
}

/** Copies the shared libraries of a program to the same paths. */
function addLibraries(folder: string, file: string): void {
	for (const [, path] of command(["ldd", file]).matchAll(/(\/\S+) \(0x/g)) {
		if (path === undefined || existsSync(join(folder, path))) continue;
		mkdirSync(join(folder, dirname(path)), { recursive: true });
		cpSync(realpathSync(path), join(folder, path));
	}
}
