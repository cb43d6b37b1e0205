import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BpfProgram, loadAddon } from "../../src/dataplane/addon.ts";
import { prebuilt } from "../lib/prebuilt.ts";

export const addon = loadAddon();

/** enum bpf_prog_type */
export const PROGRAM_TYPE = { SCHED_CLS: 3, XDP: 6, CGROUP_SOCK_ADDR: 18 } as const;
/** TCX and tc verdicts */
export const VERDICT = { NEXT: -1, OK: 0, SHOT: 2 } as const;

let programs = 0;

/** A program that does nothing but return the number; different each time, to the kernel. */
export function returning(
	value: number,
	type: number = PROGRAM_TYPE.SCHED_CLS,
	expectedAttachType = 0,
): BpfProgram {
	programs++;
	const instructions = new Uint8Array(16);
	const view = new DataView(instructions.buffer);
	view.setUint8(0, 0xb7); // r0 = value
	view.setInt32(4, value, true);
	view.setUint8(8, 0x95); // exit
	return addon.BpfProgram.load({
		name: `return_${programs}`,
		type,
		instructions,
		expectedAttachType,
	});
}

/** A directory that is gone after the file's tests and their hooks. */
export function temporaryDirectory(): string {
	const path = mkdtempSync(join(tmpdir(), "sluice-native-"));
	process.once("exit", () => rmSync(path, { recursive: true, force: true }));
	return path;
}

/** sample.bpf.c, compiled; the path of the object file. */
export function compileSample(): string {
	const before = prebuilt("sample.bpf.o");
	if (before !== undefined) return before;
	const object = join(temporaryDirectory(), "sample.bpf.o");
	compileSampleTo(object);
	return object;
}

/** Compiles sample.bpf.c. */
export function compileSampleTo(object: string): void {
	const source = fileURLToPath(new URL("sample.bpf.c", import.meta.url));
	const machine = execFileSync("uname", ["-m"], { encoding: "utf8" }).trim();
	const include = `-I/usr/include/${machine}-linux-gnu`;
	const flags = ["-target", "bpf", "-mcpu=v3", "-O2", "-g", include];
	execFileSync("clang-19", [...flags, "-c", source, "-o", object]);
}

/** Runs a shell script; throws when a command of it fails. */
export function shell(script: string): string {
	return execFileSync("sh", ["-e", "-c", script], { encoding: "utf8", stdio: "pipe" });
}

/** ifindex of a device of this namespace. */
export function ifindexOf(name: string): number {
	const link = addon.links().find((candidate) => candidate.name === name);
	if (link === undefined) throw new Error(`There is no device ${name}.`);
	return link.ifindex;
}
