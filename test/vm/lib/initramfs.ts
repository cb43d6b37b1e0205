import {
	cpSync,
	existsSync,
	globSync,
	mkdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { command } from "../../lib/net/command.ts";

const TREE = fileURLToPath(new URL("../../..", import.meta.url));

/** Programs of this machine that the guest runs, with the libraries they need. */
const PROGRAMS = ["ip", "bridge", "tc", "nft", "nsenter", "ethtool", "bpftool"];

/** What the guest sees of the tree, at /sluice. */
const PARTS = ["bin", "build/bpf", "build/dist", "build/native/Release", "build/traffic", "src"];
const TESTS = ["package.json", "test/lib", "test/vm"];

/** What else a guest needs. */
export interface Extras {
	/** Programs of this machine by name or path, with the libraries they need; in the guest's PATH. */
	readonly programs?: readonly string[];
	/** Files and folders of the tree, relative to it; at the same place below /sluice. */
	readonly tree?: readonly string[];
	/** Folders of this machine, at the same place in the guest, such as those of loadable extensions. */
	readonly folders?: readonly string[];
}

/**
 * Writes an initramfs archive with busybox, Node and the built tree; its /init is test/vm/guest/init.
 * `folder` is scratch space.
 */
export function writeInitramfs(folder: string, archive: string, extras: Extras = {}): void {
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
	for (const name of [...PROGRAMS, ...(extras.programs ?? [])]) {
		const from = command(["sh", "-c", 'command -v "$1"', "sh", name]).trim();
		addProgram(folder, from, join("/usr/local/bin", basename(name)));
	}
	addProgram(folder, process.execPath, "/usr/local/bin/node");
	// Busybox's shell would run its own applets instead of the programs above.
	rmSync(join(folder, "bin/sh"));
	addProgram(folder, "/bin/sh", "/bin/sh");
	command(["make", "-s", "-C", join(TREE, "tools/traffic")]);
	// Everything is built when it gets into the guest.
	writeFileSync(join(folder, "usr/local/bin/make"), "#!/bin/sh\n", { mode: 0o755 });
	for (const part of [...PARTS, ...TESTS, ...(extras.tree ?? [])]) {
		cpSync(join(TREE, part), join(folder, "sluice", part), { recursive: true });
	}
	stripTypes(join(folder, "sluice"));
	addLibraries(folder, join(TREE, "build/native/Release/sluice.node"));
	for (const path of extras.folders ?? []) cpSync(path, join(folder, path), { recursive: true });
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

/**
 * Takes the types out of the tree's TypeScript, as test/vm/guest/stripped.js expects. Node's own way, at the
 * first load, compiles WebAssembly in each process: seconds in a guest, and now and then V8 crashes at it there.
 */
function stripTypes(tree: string): void {
	for (const name of globSync("{src,test,bench}/**/*.ts", { cwd: tree })) {
		const file = join(tree, name);
		writeFileSync(file, stripTypeScriptTypes(readFileSync(file, "utf8")));
	}
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
