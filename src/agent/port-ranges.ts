/** Masquerade ports must not meet ports that the node's own sockets use; node ports may be among them. */
import { readFileSync } from "node:fs";
import type { PortRange } from "../config.ts";

const LOCAL_PORTS = "/proc/sys/net/ipv4/ip_local_port_range";

/** Warnings in sentences; none when all is well or the kernel does not tell. */
export function portRangeWarnings(masquerade: PortRange, localPorts = readLocalPorts()): string[] {
	const text = `${masquerade.first}-${masquerade.last}`;
	const warnings: string[] = [];
	if (localPorts !== undefined && overlap(masquerade, localPorts)) {
		warnings.push(
			`--masquerade-ports ${text} overlaps the node's own ports (ip_local_port_range ` +
				`${localPorts.first}-${localPorts.last}): connections of the node may be disturbed`,
		);
	}
	return warnings;
}

function overlap(a: PortRange, b: PortRange): boolean {
	return a.first <= b.last && b.first <= a.last;
}

function readLocalPorts(): PortRange | undefined {
	try {
		const [first = 0, last = 0] = readFileSync(LOCAL_PORTS, "utf8").trim().split(/\s+/).map(Number);
		return { first, last };
	} catch {
		return undefined;
	}
}
