/** The flow tables after a packet: what it had to change, and nothing else. */
import { isDeepStrictEqual } from "node:util";
import { FlowFlag, FlowState, FlowWay } from "../../../src/layout/structs.ts";
import { PORTS } from "../../bpf/lib/world.ts";
import type { Beginning, Verdict } from "./decide.ts";
import { type Entry, type Flows, keyOf, reverse, twinOf } from "./flows.ts";
import type { Parsed, Tuple } from "./parse-frame.ts";
import { BACKEND_PORT } from "./place.ts";
import type { Arrival, Situation } from "./situation.ts";
import { advance, begun } from "./states.ts";
import { type Way, waysOf } from "./ways.ts";

/** What is wrong with the flows; undefined: nothing. */
export function checkFlows(
	situation: Situation,
	arrival: Arrival,
	{ parsed, verdict, after }: { parsed: Parsed; verdict: Verdict; after: Flows },
): string | undefined {
	const begins = "begins" in verdict ? verdict.begins : undefined;
	const entry = after.get(keyOf(parsed, false));
	if (begins) {
		if (entry === undefined) return "the new flow is not in the tables";
		const problem = checkBegun(situation, arrival, parsed, { entry, after, begins });
		if (problem) return `the new flow: ${problem}`;
	}
	return (
		(verdict.kind === "carry" ? checkProgress(parsed, verdict, after) : undefined) ??
		checkOthers(situation.flows, after, { parsed, isCarried: verdict.kind === "carry", begins })
	);
}

function checkBegun(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	{ entry, after, begins }: { entry: Entry; after: Flows; begins: Beginning },
): string | undefined {
	const { target, isDirect } = begins;
	const ways = waysOf(situation, arrival, parsed, { ...target, isDirect });
	if (typeof ways === "number") return `it should have been dropped, reason ${ways}`;
	const reply = after.get(twinOf(entry));
	if (reply === undefined) return "no reply entry";
	const has = (flag: number): boolean => (entry.flags & flag) !== 0;
	const faults: readonly (readonly [boolean, string])[] = [
		[entry.to.src !== (ways.masquerade ?? parsed.src), `source ${entry.to.src}`],
		[entry.to.dst !== target.addr, `destination ${entry.to.dst}`],
		[entry.to.dport !== BACKEND_PORT, `destination port ${entry.to.dport}`],
		[!isDeepStrictEqual(reply.to, reverse(parsed)), "replies are not the frontend's"],
		[has(FlowFlag.FLOW_MASQUERADED) !== (ways.masquerade !== undefined), "FLOW_MASQUERADED"],
		[has(FlowFlag.FLOW_DIRECT) !== isDirect, "FLOW_DIRECT"],
	];
	return (
		faults.find(([isWrong]) => isWrong)?.[1] ??
		checkWay("forward", entry, ways.forward) ??
		checkWay("reply", reply, ways.reply) ??
		checkPort(situation, parsed, entry)
	);
}

function checkWay(name: string, found: Way, wanted: Way): string | undefined {
	const fields = ["hook", "way", "ifindex", "mtu", "dmac", "smac"] as const;
	const field = fields.find((each) => found[each] !== wanted[each]);
	return field && `${name} ${field} is ${found[field]} and should be ${wanted[field]}`;
}

/** The client's source port stays, unless the flow is masqueraded or its replies would be another's. */
function checkPort(situation: Situation, parsed: Parsed, entry: Entry): string | undefined {
	const { sport } = entry.to;
	const { FLOW_MASQUERADED, FLOW_PORT_CHANGED } = FlowFlag;
	if (!(entry.flags & (FLOW_MASQUERADED | FLOW_PORT_CHANGED))) {
		return sport === parsed.sport ? undefined : `source port ${sport}`;
	}
	const last = situation.onePort ? PORTS.first : PORTS.last;
	if (sport < PORTS.first || sport > last) return `source port ${sport} outside of the range`;
	const plain: Tuple = { ...entry.to, sport: parsed.sport };
	const isTaken = situation.flows.has(keyOf(reverse(plain), true));
	if (!(entry.flags & FLOW_MASQUERADED) && !isTaken) return `needless source port ${sport}`;
	const fits = parsed.sport >= PORTS.first && parsed.sport <= last;
	return fits && !isTaken && sport !== parsed.sport ? `needless source port ${sport}` : undefined;
}

function checkProgress(
	parsed: Parsed,
	{ entry, begins }: { entry: Entry; begins?: Beginning },
	after: Flows,
): string | undefined {
	const now = after.get(keyOf(entry.key, entry.isReply));
	if (now === undefined) return "the flow is gone";
	const wanted = advance(begins ? begun(entry) : entry, parsed, entry.isReply);
	const { FLOW_OVERFLOW } = FlowFlag;
	if (now.state !== wanted.state) return `state ${now.state} and should be ${wanted.state}`;
	if ((now.flags | FLOW_OVERFLOW) !== (wanted.flags | FLOW_OVERFLOW)) {
		return `flags ${now.flags} and should be ${wanted.flags}`;
	}
	const leaves = !entry.isReply && wanted.state === FlowState.FLOW_ESTABLISHED;
	return leaves && now.inOverflow ? "an established flow stays in overflow" : undefined;
}

/** Flows that the packet has nothing to do with are as they were; those that are closed may make room. */
function checkOthers(
	before: Flows,
	after: Flows,
	{ parsed, isCarried, begins }: { parsed: Parsed; isCarried: boolean; begins: unknown },
): string | undefined {
	const own = new Set([...ownKeys(before, parsed), ...ownKeys(after, parsed)]);
	const isOver = (key: string): boolean =>
		!after.has(key) && before.get(key)?.state === FlowState.FLOW_CLOSED;
	const isSame = (key: string): boolean => sameFlow(before.get(key), after.get(key));
	const changed = [...before.keys()].find((key) => !own.has(key) && !isSame(key) && !isOver(key));
	if (changed) return `the packet changed another flow: ${changed}`;
	const made = [...after.keys()].find((key) => !before.has(key) && !(begins && own.has(key)));
	if (made) return `the packet made a flow: ${made}`;
	if (isCarried || begins) return undefined;
	const touched = [...own].find((key) => after.has(key) && !isSame(key));
	return touched && `the packet changed a flow that did not carry it: ${touched}`;
}

function ownKeys(flows: Flows, parsed: Parsed): string[] {
	return [keyOf(parsed, false), keyOf(parsed, true)].flatMap((key) => {
		const entry = flows.get(key);
		return entry ? [key, twinOf(entry)] : [];
	});
}

/** A bridge flow learns its backend's MAC later. */
function sameFlow(a: Entry | undefined, b: Entry | undefined): boolean {
	if (a === undefined || b === undefined) return false;
	if (a.way !== FlowWay.WAY_BRIDGE) return isDeepStrictEqual(a, b);
	return isDeepStrictEqual({ ...a, dmac: "", ifindex: 0 }, { ...b, dmac: "", ifindex: 0 });
}
