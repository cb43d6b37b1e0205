/** Everything that has to hold after one packet. */
import { FlowWay } from "../../../src/layout/structs.ts";
import { ACTION } from "../../bpf/lib/world.ts";
import { checkAnswer } from "./check-answer.ts";
import { checkFlows } from "./check-flows.ts";
import { checkCarried, checkError, type Output } from "./check-output.ts";
import type { Verdict } from "./decide.ts";
import { type Flows, inconsistency } from "./flows.ts";
import type { Parsed } from "./parse-frame.ts";
import type { Arrival, Situation } from "./situation.ts";

/** What there was after the packet. */
export interface Outcome {
	/** Undefined: the packet is nothing to the datapath. */
	readonly parsed: Parsed | undefined;
	readonly verdict: Verdict;
	readonly output: Output;
	readonly after: Flows;
	/** Reasons that were counted for it. */
	readonly counted: readonly number[];
	readonly halfOpen: bigint;
}

/** What is wrong; undefined: nothing. */
export function checkPacket(
	situation: Situation,
	arrival: Arrival,
	outcome: Outcome,
): string | undefined {
	const { parsed, verdict, after, counted, halfOpen } = outcome;
	return (
		checkOutput(arrival, outcome) ??
		checkCounted(verdict, counted) ??
		inconsistency(after, halfOpen) ??
		(parsed ? checkFlows(situation, arrival, { parsed, verdict, after }) : undefined)
	);
}

function checkOutput(arrival: Arrival, { parsed, verdict, output }: Outcome): string | undefined {
	const { action, packet } = output;
	if (verdict.kind === "pass" || parsed === undefined) {
		if (action !== ACTION.pass) return `the action is ${action}`;
		return Buffer.compare(packet, arrival.frame) === 0 ? undefined : "the packet changed";
	}
	if (verdict.kind === "drop") {
		return action === ACTION.drop ? undefined : `the action is ${action}`;
	}
	if (verdict.kind === "answer") return checkAnswer(arrival, parsed, verdict, output);
	if (verdict.kind === "error") return checkError(arrival, parsed, verdict, output);
	const { entry, byStack = false } = verdict;
	const sent = byStack ? { ...entry, way: FlowWay.WAY_STACK } : entry;
	return checkCarried(arrival, parsed, sent, output);
}

function checkCounted(verdict: Verdict, counted: readonly number[]): string | undefined {
	const shown = counted.join(", ") || "none";
	if (verdict.kind === "drop") {
		const [only = 0] = counted;
		const isRight = counted.length === 1 && verdict.reasons.includes(only);
		return isRight ? undefined : `drop reasons ${shown} and not ${verdict.reasons.join(" or ")}`;
	}
	const wanted = verdict.kind === "answer" ? String(verdict.reason) : "none";
	return shown === wanted ? undefined : `drop reasons ${shown} and not ${wanted}`;
}
