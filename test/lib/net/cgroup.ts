import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { patience } from "../time-scale.ts";

/** Where cgroup v2 is mounted; on hybrid hosts that is not /sys/fs/cgroup. */
export function cgroupRoot(): string {
	for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
		const [, directory, type] = line.split(" ");
		if (type === "cgroup2" && directory) return directory;
	}
	throw new Error("cgroup v2 is not mounted");
}

export function makeCgroup(path: string): string {
	mkdirSync(path, { recursive: true });
	return path;
}

/** Ends the processes in a cgroup tree and removes it. */
export function removeCgroup(path: string): void {
	if (!existsSync(path)) return;
	for (const entry of readdirSync(path, { withFileTypes: true })) {
		if (entry.isDirectory()) removeCgroup(join(path, entry.name));
	}
	const deadline = Date.now() + patience(5000);
	for (;;) {
		for (const pid of pidsIn(path)) kill(pid);
		if (removed(path)) return;
		if (Date.now() > deadline) throw new Error(`${path}: still busy`);
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
	}
}

/** A process that is ending is no longer listed, but keeps its cgroup busy until it is gone. */
function removed(path: string): boolean {
	try {
		rmdirSync(path);
		return true;
	} catch (error) {
		if (error instanceof Error && "code" in error && error.code === "EBUSY") return false;
		throw error;
	}
}

function pidsIn(path: string): number[] {
	const text = readFileSync(join(path, "cgroup.procs"), "utf8");
	return text.split("\n").filter(Boolean).map(Number);
}

function kill(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// It ended by itself meanwhile.
	}
}
