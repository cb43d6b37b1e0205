import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { command } from "../../test/lib/net/command.ts";
import { writeInitramfs } from "../../test/vm/lib/initramfs.ts";
import { type Kernel, type KernelName, kernel } from "../../test/vm/lib/kernels.ts";
import { boot, type Machine, type Outcome } from "../../test/vm/lib/machine.ts";

/** Where counted guests have their archives and logs. */
export const INSTRUCTIONS_BUILD = fileURLToPath(
	new URL("../../build/instructions", import.meta.url),
);
const LOOPS = fileURLToPath(new URL("loops", import.meta.url));

/** The kernel that is counted. */
export const KERNEL_NAME = "6.12";

/** Programs of this machine that counted guests run besides those of every guest. */
const PROGRAMS = [
	...["iptables", "ip6tables"].flatMap((program) =>
		["", "-save", "-restore"].map((suffix) => `${program}-legacy${suffix}`),
	),
	"iptables-nft-restore",
	"ipset",
	"ipvsadm",
	"nfacct",
];

/** Where the programs of iptables find their extensions. */
const FOLDERS = ["/usr/lib/x86_64-linux-gnu/xtables"];

/** Parts of the tree that counted guests have besides those of every guest. */
const TREE = ["bench/instructions/guest", "build/bench/loops"];

/**
 * One processor whose time stamp counter counts instructions: virtual time goes on by a nanosecond
 * with each, and idle time is jumped over. The processor model is named, since "max" differs between
 * QEMU's versions; without rdrand the kernel's random generator waits, and REP string instructions
 * must not be taken for fast ones (erms), which would be counted by the byte.
 */
export const COUNTED_MACHINE: Machine = {
	cpus: 1,
	memoryMiB: 3072,
	cpu: "Nehalem,+rdrand,-cx16",
	qemu: ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "clock=vm"],
	kernel: "nokaslr norandmaps tsc=reliable hpet=off",
};

/** The kernel and what every counted guest boots with. */
export interface CountedBase {
	readonly kernel: Kernel;
	/** An initramfs archive: the built tree, programs, modules. */
	readonly archive: string;
}

/** Writes the archive of the tree as it is built; `extras` are parts of it besides the usual ones. */
export function countedBase(
	extras: readonly string[] = [],
	name: KernelName = KERNEL_NAME,
): CountedBase {
	command(["make", "-s", "-C", LOOPS]);
	mkdirSync(INSTRUCTIONS_BUILD, { recursive: true });
	const booted = kernel(name);
	const archive = join(INSTRUCTIONS_BUILD, `base-${name}.cpio`);
	const folder = mkdtempSync(join(tmpdir(), "sluice-counted-"));
	try {
		const plain = join(folder, "plain.cpio");
		writeInitramfs(join(folder, "root"), plain, {
			programs: PROGRAMS,
			tree: [...TREE, ...extras],
			folders: FOLDERS,
		});
		command(["sh", "-c", 'cat "$1" "$2" >"$3"', "sh", booted.modules, plain, archive]);
	} finally {
		rmSync(folder, { recursive: true });
	}
	return { kernel: booted, archive };
}

export interface CountedRun {
	/** Names the log: build/instructions/NAME.log. */
	readonly name: string;
	/** A shell command; it runs in /sluice. */
	readonly command: string;
	/** Further initramfs archives, unpacked over the base. */
	readonly archives?: readonly string[];
	readonly limitSec: number;
}

/**
 * Runs a command in a counted guest: there, differences of rdtsc are numbers of executed instructions
 * as long as the processor is never idle. The same archives give the same counts to the last bit.
 */
export async function countedGuest(base: CountedBase, run: CountedRun): Promise<Outcome> {
	const log = join(INSTRUCTIONS_BUILD, `${run.name}.log`);
	const initramfs = join(INSTRUCTIONS_BUILD, `${run.name}.cpio`);
	const archives = [base.archive, ...(run.archives ?? [])];
	command(["sh", "-c", 'out=$1; shift; cat "$@" >"$out"', "sh", initramfs, ...archives]);
	try {
		const options = { log, limitSec: run.limitSec, machine: COUNTED_MACHINE };
		return await boot(base.kernel, initramfs, run.command, options);
	} finally {
		rmSync(initramfs);
	}
}
