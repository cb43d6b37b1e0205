/** How many packets took each path. A fuzz that leaves a path out tests nothing there and fails. */

/** Paths that a run of thousands of packets has to take. */
export const PATHS = [
	"carried forward",
	"carried forward by a new flow",
	"carried back",
	"direct flow beside a service flow",
	"ICMP error about a request",
	"ICMP error about a reply",
	"ICMP error that quotes extension headers",
	"first fragment",
	"later fragment",
	"behind IPv4 options",
	"behind IPv6 extension headers",
	"UDP without checksum",
	"SCTP",
	"SCTP without checksum",
	"wrong checksum kept wrong",
	"hardware checksum",
	"GSO",
	"odd length",
	"masqueraded",
	"source port changed",
	"stored in overflow",
	"way of the stack",
	"way by neighbour",
	"way into a pod",
	"way in the bridge",
	"way back to the node",
	"too big, left to the stack",
	"too short for the kernel",
	"passed: not IP",
	"passed: headers cut off",
	"passed: not TCP, UDP, SCTP or ICMP",
	"passed: too many or too long headers",
	"passed: no ICMP error",
	"passed: no frontend, no flow",
	"passed: no flow may begin here",
	"passed: SCTP without a flow, and none begins",
	"passed: no endpoint, and no connection begins",
	"passed: a flow of another hook",
	"passed: a direct connection to a backend",
	"passed: a fragment of an unknown datagram",
	"passed: an ICMP error that quotes nothing of ours",
	"passed: an ICMP error about no flow",
	"passed: an ICMP error at another hook",
	"answered: DROP_NO_ENDPOINT",
	"answered: DROP_TTL",
	"answered: DROP_TOO_BIG",
	"dropped: DROP_NO_ENDPOINT",
	"dropped: DROP_NO_LOCAL_ENDPOINT",
	"dropped: DROP_NO_MASQUERADE_ADDRESS",
	"dropped: DROP_NO_MASQUERADE_PORT",
	"dropped: DROP_ICMP_REDIRECT",
	"dropped: DROP_FIB",
	"dropped: DROP_TTL",
	"dropped: DROP_TOO_BIG",
	"dropped: DROP_FRAGMENT",
	"dropped: DROP_HOST_BACKEND",
] as const;

export type Path = (typeof PATHS)[number];

export class Coverage {
	readonly #counts = new Map<string, number>();
	packets = 0;

	/** Throws for a path that is not in the list: the list is then not whole. */
	add(path: string): void {
		if (!PATHS.includes(path as Path)) throw new Error(`an unlisted path: ${path}`);
		this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
	}

	/** Paths without a packet. */
	missing(): Path[] {
		return PATHS.filter((path) => !this.#counts.has(path));
	}

	/** "1234 carried forward" and so on, one path a line. */
	lines(): string[] {
		return PATHS.map((path) => `${String(this.#counts.get(path) ?? 0).padStart(8)} ${path}`);
	}
}
