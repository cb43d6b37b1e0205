import type { Target } from "./figure.ts";

/** The numbers that `make bench-quick` measures; docs/benchmarks.md says how. */
export const QUICK_TARGETS: readonly Target[] = [
	{
		id: "D1",
		what: "TCP connect-request-response, socket path",
		unit: "x direct",
		limit: 0.99,
		bound: "at least",
	},
	{
		id: "D2",
		what: "same, packet path with redirect",
		unit: "x direct",
		limit: 1.04,
		bound: "at least",
	},
	{
		id: "D3",
		what: "same, packet path through the stack",
		unit: "x direct",
		limit: 0.93,
		bound: "at least",
	},
	{ id: "D7", what: "established packet, tc", unit: "lookups", limit: 3, bound: "at most" },
	{
		id: "D9",
		what: "new flow, tc, 64k flows alive",
		unit: "lookups",
		limit: 22,
		bound: "at most",
	},
	{ id: "D10", what: "packet of nobody's, tc", unit: "lookups", limit: 0.5, bound: "at most" },
	{
		id: "P3",
		what: "map part of one service change",
		unit: "us",
		limit: 10,
		bound: "at most",
	},
	{
		id: "P4",
		what: "map writes of a restart, nothing changed",
		unit: "writes",
		limit: 0,
		bound: "at most",
	},
	{
		id: "P5",
		what: "agent's memory (RSS), 10k services, 100k endpoints",
		unit: "MiB",
		limit: 150,
		bound: "at most",
	},
	{
		id: "P6",
		what: "longest event loop stall, first sync of those",
		unit: "ms",
		limit: 20,
		bound: "at most",
	},
];
