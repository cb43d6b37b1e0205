import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Resident memory of a process, in MiB. */
export interface Memory {
	readonly now: number;
	/** The most since it began. */
	readonly peak: number;
	/** What the process has for itself. */
	readonly anonymous: number;
	/** Program text and mapped files, BPF maps among them. */
	readonly file: number;
}

/** Throws when there is no such process. */
export function memory(pid: number): Memory {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	const field = (name: string): number => {
		const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
		if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
		return Number(kib) / 1024;
	};
	return {
		now: field("VmRSS"),
		peak: field("VmHWM"),
		anonymous: field("RssAnon"),
		file: field("RssFile"),
	};
}

/**
 * CPU time in ms that the processes of a cgroup have used, those that ended included: kube-proxy has
 * others write its rules.
 */
export function cpuMs(cgroup: string): number {
	const stat = readFileSync(join(cgroup, "cpu.stat"), "utf8");
	const us = /^usage_usec (\d+)$/m.exec(stat)?.[1];
	if (us === undefined) throw new Error(`${cgroup}/cpu.stat has no usage_usec`);
	return Number(us) / 1000;
}
