import { readFileSync } from "node:fs";

/** The lines of a file of /proc that are not empty; none when it is not there. */
export function procLines(path: string): string[] {
	try {
		return readFileSync(path, "utf8").split("\n").filter(Boolean);
	} catch {
		return [];
	}
}

/** Lines of the virtual servers of IPVS and their backends in this network namespace. */
export function ipvsLines(): string[] {
	// Behind three lines of heads.
	return procLines("/proc/net/ip_vs").slice(3);
}
