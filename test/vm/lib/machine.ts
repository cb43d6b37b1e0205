import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Kernel } from "./kernels.ts";

const QEMU = "qemu-system-x86_64";
const DEVICES = ["-nodefaults", "-display", "none", "-no-reboot"];

/**
 * The kernel's console gets errors only, so that its lines do not break those of the tests; its log is
 * large enough for everything and is dumped at the end. An Oops ends the guest. Watchdogs wait longer
 * than an emulated processor can be kept waiting by a busy machine.
 */
const KERNEL_WORDS =
	"console=ttyS0 panic=-1 oops=panic mitigations=off quiet log_buf_len=4M " +
	"watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120";

/** What a guest said and how its command ended. */
export interface Outcome {
	/** Everything on the serial line: kernel log and TAP. */
	readonly output: string;
	/** Exit code of the command; undefined when the guest died before its end. */
	readonly code: number | undefined;
	/** The kernel's whole log; of a guest that died, what it wrote to the serial line. */
	readonly kernelLog: readonly string[];
}

/** What a guest has. */
export interface Machine {
	/** Virtual processors; default 2. */
	readonly cpus?: number;
	/** Default 2048. */
	readonly memoryMiB?: number;
	/** QEMU's CPU model; default "max". */
	readonly cpu?: string;
	/** More arguments of QEMU, such as `["-icount", "shift=0,sleep=off"]` or a network device. */
	readonly qemu?: readonly string[];
	/** More words of the kernel command line. */
	readonly kernel?: string;
}

export interface BootOptions {
	/** File that gets everything on the serial line. */
	readonly log: string;
	/** After which the guest is killed. */
	readonly limitSec: number;
	readonly machine?: Machine;
}

/**
 * Boots a kernel with an initramfs, whose /init runs `command`, and waits until it powers off.
 * Emulated where the machine cannot virtualise: nothing here may depend on speed.
 */
export async function boot(
	{ image }: Kernel,
	initramfs: string,
	command: string,
	{ log, limitSec, machine = {} }: BootOptions,
): Promise<Outcome> {
	const run = Buffer.from(command).toString("base64url");
	const append = `${KERNEL_WORDS} ${machine.kernel ?? ""} sluice.run=${run}`;
	const start = ["-kernel", image, "-initrd", initramfs, "-append", append];
	const devices = [...DEVICES, "-serial", "stdio"];
	const guest = spawn(QEMU, [...hardware(machine), ...devices, ...start], {
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	const file = createWriteStream(log);
	for (const stream of [guest.stdout, guest.stderr]) {
		stream.setEncoding("utf8").on("data", (text: string) => {
			output += text;
			file.write(text);
		});
	}
	const ended = new Promise<void>((resolve, reject) => {
		guest.on("error", reject);
		guest.on("close", () => resolve());
	});
	const limit = new AbortController();
	await Promise.race([ended, delay(limitSec * 1000, undefined, { signal: limit.signal })]);
	limit.abort();
	guest.kill("SIGKILL");
	await ended;
	file.end();
	const code = /^sluice-exit: (\d+)/m.exec(output)?.[1];
	return {
		output,
		code: code === undefined ? undefined : Number(code),
		kernelLog: kernelLogOf(output),
	};
}

/** Boots a kernel with a shell on this terminal; returns when the guest is off. */
export async function openShell({ image }: Kernel, initramfs: string): Promise<void> {
	const start = ["-kernel", image, "-initrd", initramfs, "-append", `${KERNEL_WORDS} sluice.shell`];
	const devices = [...DEVICES, "-serial", "mon:stdio"];
	const guest = spawn(QEMU, [...hardware({}), ...devices, ...start], { stdio: "inherit" });
	await new Promise<void>((resolve, reject) => {
		guest.on("error", reject);
		guest.on("close", () => resolve());
	});
}

/** What /init dumps at the end, and lines with a time stamp of what the kernel wrote to its console. */
function kernelLogOf(output: string): string[] {
	const [before = "", dumped = ""] = output.split(/^sluice-kernel-log\r?\n/m);
	const console = before.split("\n").filter((line) => /^\[ *\d+\.\d+\] /.test(line));
	return [...console, ...dumped.split("\n")]
		.map((line) => line.replace(/\r$/, ""))
		.filter((line) => line !== "" && !line.startsWith("sluice-exit:"));
}

function hardware({ cpus = 2, memoryMiB = 2048, cpu = "max", qemu = [] }: Machine): string[] {
	// A counted guest has one thread, whatever it is told.
	const threads = qemu.includes("-icount") ? "single" : "multi";
	const accelerator = ["-M", "q35", "-accel", `tcg,thread=${threads}`];
	return [...accelerator, "-cpu", cpu, "-smp", `${cpus}`, "-m", `${memoryMiB}`, ...qemu];
}
