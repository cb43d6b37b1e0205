import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Kernel } from "./kernels.ts";

/** What a guest said and how its command ended. */
export interface Outcome {
	/** Everything on the serial line: kernel log and TAP. */
	readonly output: string;
	/** Exit code of the command; undefined when the guest died before its end. */
	readonly code: number | undefined;
}

/**
 * Boots a kernel with an initramfs, whose /init runs `command`, and waits until it powers off.
 * Emulated where the machine cannot virtualise: nothing here may depend on speed.
 */
export async function boot(
	{ image }: Kernel,
	initramfs: string,
	command: string,
	{ log, limitSec }: { log: string; limitSec: number },
): Promise<Outcome> {
	const append = `console=ttyS0 panic=-1 mitigations=off quiet sluice.run=${Buffer.from(command).toString("base64url")}`;
	const machine = [
		"-M",
		"q35",
		"-accel",
		"tcg,thread=multi",
		"-cpu",
		"max",
		"-smp",
		"2",
		"-m",
		"2048",
	];
	const devices = ["-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot"];
	const start = ["-kernel", image, "-initrd", initramfs, "-append", append];
	const guest = spawn("qemu-system-x86_64", [...machine, ...devices, ...start], {
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
	return { output, code: code === undefined ? undefined : Number(code) };
}

/** One line of a guest's TAP. */
export interface TapResult {
	readonly name: string;
	readonly ok: boolean;
}

/** Leaf tests of a TAP text (indentation is node:test's nesting). */
export function tapResults(output: string): TapResult[] {
	const results: TapResult[] = [];
	for (const [, not, name] of output.matchAll(/^ *(not )?ok \d+ - (.*?)\r?$/gm)) {
		results.push({ name: name ?? "", ok: not === undefined });
	}
	return results;
}
