/** What the loops repeat; docs/benchmarks.md says how. */
export const OPERATIONS = ["crr", "rr", "udp", "udp-message"] as const;

export type Operation = (typeof OPERATIONS)[number];

/** What they are, for people. */
export const OPERATION_NAMES: Readonly<Record<Operation, string>> = {
	crr: "connect-request-response",
	rr: "TCP round trip",
	udp: "UDP round trip",
	"udp-message": "UDP round trip, unconnected",
};
