import type { LabNode } from "../../lib/net/node.ts";

/** The event loop's delay is sampled by a timer of 10 ms, which is part of each sample. */
const TIMER_MS = 10;

/** Longest stall of an agent's event loop since its metrics were last asked for, in ms. */
export function longestStallMs(node: LabNode): number {
	const text = node.place.run(["curl", "-sS", "http://127.0.0.1:10249/metrics"]);
	const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
	if (seconds === undefined) throw new Error("the agent's metrics name no event loop delay");
	return Math.max(0, Number(seconds) * 1000 - TIMER_MS);
}
