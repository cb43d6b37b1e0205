import type { Target, Which } from "./figure.ts";

type Goal = readonly [what: string, limit: number | undefined, unit: string];

const atMost = (id: string, [what, limit, unit]: Goal, which: Which = {}): Target =>
	target(id, "at most", [what, limit, unit], which);

const atLeast = (id: string, [what, limit, unit]: Goal, which: Which = {}): Target =>
	target(id, "at least", [what, limit, unit], which);

function target(id: string, bound: Target["bound"], goal: Goal, which: Which): Target {
	const [what, limit, unit] = goal;
	return { id, what, unit, bound, ...(limit === undefined ? {} : { limit }), ...which };
}

const CRR = "TCP connect-request-response";
const DIRECT = "x direct";
const LOOKUPS = "lookups";
const VERSUS_IPTABLES = `${CRR}, socket path vs kube-proxy iptables`;
const VERSUS_NFTABLES = `${CRR}, socket path vs kube-proxy nftables`;
const OWN_PATHS = ["socket", "redirect", "stack"] as const;

/** By path. */
const CONNECTION_INSTRUCTIONS = { socket: 1.01, peer: 0.91, fib: 1, stack: 1.07 };

/** By path and kind of round trip. */
const ROUND_TRIP_INSTRUCTIONS = {
	"socket, TCP round trip": 1.015,
	"socket, UDP round trip": 1.015,
	"peer, TCP round trip": 0.9,
	"peer, UDP round trip": 0.9,
};

/** Numbers of the datapath; docs/benchmarks.md says how each is measured. */
const DATAPATH: readonly Target[] = [
	atLeast("D1", [`${CRR}, socket path`, 0.99, DIRECT]),
	atLeast("D2", ["same, packet path with redirect", 1.04, DIRECT]),
	atLeast("D3", ["same, packet path through the stack", 0.93, DIRECT]),
	atLeast("D4", [`${CRR} vs kube-proxy iptables`, undefined, "x"]),
	atLeast("D4", [VERSUS_IPTABLES, 1.2, "x"], { variant: "socket, last rule", services: 1000 }),
	atLeast("D4", [VERSUS_IPTABLES, 1.65, "x"], { variant: "socket, last rule", services: 10_000 }),
	atLeast("D5", [`${CRR} vs kube-proxy nftables`, undefined, "x"]),
	atLeast("D5", [VERSUS_NFTABLES, 1.15, "x"], { variant: "socket", services: 10_000 }),
	atLeast("D6", ["stream throughput", undefined, DIRECT]),
	...OWN_PATHS.map((variant) => atLeast("D6", ["stream throughput", 0.95, DIRECT], { variant })),
	atMost("D7", ["established packet, tc", 3, LOOKUPS]),
	atMost("D8", ["established packet, XDP", 1.6, LOOKUPS]),
	atMost("D9", ["new flow, tc, 64k flows alive", 22, LOOKUPS]),
	atMost("D10", ["packet of nobody's, tc", 0.5, LOOKUPS]),
	atLeast("D11", ["XDP packets per core vs the kernel's forwarding", 3, "x"]),
	atMost("D12", ["growth of cost with the number of services", 1.05, "x"]),
	atMost("D13", [`guest instructions, ${CRR}`, undefined, DIRECT]),
	...Object.entries(CONNECTION_INSTRUCTIONS).map(([variant, limit]) =>
		atMost("D13", [`guest instructions, ${CRR}`, limit, DIRECT], { variant }),
	),
	atMost("D14", ["guest instructions per round trip", undefined, DIRECT]),
	...Object.entries(ROUND_TRIP_INSTRUCTIONS).map(([variant, limit]) =>
		atMost("D14", ["guest instructions per round trip", limit, DIRECT], { variant }),
	),
];

const START = "start to the last service reachable";
const FOLLOW = "endpoint change, API server's answer to traffic moved";
const STALL = "longest event loop stall, first sync included";
const MAPS = "kernel memory of all maps but the flow tables";

/** Numbers of the agent. */
const PROGRAMMING: readonly Target[] = [
	atMost("P1", [START, undefined, "s"]),
	atMost("P1", [START, 1.2, "s"], { variant: "Sluice", services: 5000 }),
	atMost("P1", [START, 2, "s"], { variant: "Sluice", services: 10_000 }),
	atMost("P2", [FOLLOW, undefined, "ms"]),
	atMost("P2", [FOLLOW, 10, "ms"], { variant: "Sluice" }),
	atMost("P2", [FOLLOW, 50, "ms"], { variant: "Sluice, p99" }),
	atMost("P3", ["map part of one service change", 10, "us"]),
	atMost("P3", ["map part of one service change", 12_000, "instructions"], {
		variant: "guest instructions",
	}),
	atMost("P4", ["map writes of a restart, nothing changed", 0, "writes"]),
	atMost("P5", ["agent's memory (RSS), 100k endpoints", 150, "MiB"], { services: 10_000 }),
	atMost("P5", ["agent's memory (RSS), 250k endpoints", 300, "MiB"], { services: 50_000 }),
	atMost("P6", [STALL, undefined, "ms"]),
	atMost("P6", [STALL, 20, "ms"], { services: 10_000 }),
	atMost("P7", ["proxy's CPU time per endpoint change", undefined, "ms"]),
	atMost("P7", ["proxy's CPU time per endpoint change", 1, "ms"], { variant: "Sluice" }),
	atMost("P8", [MAPS, undefined, "MiB"]),
	atMost("P8", [MAPS, 200, "MiB"], { services: 10_000 }),
];

/** Every number to reach, in the order of the report. */
export const TARGETS: readonly Target[] = [...DATAPATH, ...PROGRAMMING];
