/** Which paths a packet took: see coverage.ts. */
import { DropReason, FlowFlag, FlowWay } from "../../../src/layout/structs.ts";
import { lacksChecksum } from "./build-frame.ts";
import type { Path } from "./coverage.ts";
import type { Verdict } from "./decide.ts";
import { type Entry, type Flows, keyOf } from "./flows.ts";
import { type Parsed, SCTP, UDP } from "./parse-frame.ts";
import type { Arrival } from "./situation.ts";
import { l4Sum, sctpError, sctpMessage } from "./sums.ts";

const REASONS: ReadonlyMap<number, string> = new Map(
	Object.entries(DropReason).map(([name, reason]) => [reason, name]),
);

const WAYS: Readonly<Record<number, Path>> = {
	[FlowWay.WAY_STACK]: "way of the stack",
	[FlowWay.WAY_NEIGH]: "way by neighbour",
	[FlowWay.WAY_PEER]: "way into a pod",
	[FlowWay.WAY_BRIDGE]: "way in the bridge",
	[FlowWay.WAY_INGRESS]: "way back to the node",
};

/** What the run knows beside the verdict: flows are those after the packet. */
export interface Run {
	readonly complete: boolean;
	readonly flows: Flows;
}

export function pathsOf(arrival: Arrival, verdict: Verdict, run: Run): string[] {
	if (verdict.kind === "pass") return [`passed: ${verdict.why}`];
	if (verdict.kind === "answer") return [`answered: ${REASONS.get(verdict.reason)}`];
	if (verdict.kind === "drop")
		return [`dropped: ${verdict.reasons.map((r) => REASONS.get(r)).at(-1)}`];
	const { entry } = verdict;
	const way = WAYS[entry.way] ?? "";
	const { parsed } = arrival;
	if (typeof parsed === "string") return [];
	if (verdict.kind === "error") {
		const { l3, l4 } = verdict.quote;
		const about = `ICMP error about a ${entry.isReply ? "request" : "reply"}`;
		const hasExtensions = parsed.isV6 && l4 - l3 > 40;
		return [about, way, ...(hasExtensions ? ["ICMP error that quotes extension headers"] : [])];
	}
	return [
		way,
		...(verdict.byStack ? ["too big, left to the stack"] : []),
		...carriedPaths(entry, verdict.begins !== undefined, run),
		...packetPaths(arrival, parsed, run),
	];
}

function carriedPaths(entry: Entry, begins: boolean, { flows }: Run): Path[] {
	const { FLOW_DIRECT, FLOW_MASQUERADED, FLOW_PORT_CHANGED } = FlowFlag;
	const has = (flag: number): boolean => (entry.flags & flag) !== 0;
	const paths: (readonly [boolean, Path])[] = [
		[entry.isReply, "carried back"],
		[!entry.isReply && !begins, "carried forward"],
		[begins, "carried forward by a new flow"],
		[has(FLOW_DIRECT), "direct flow beside a service flow"],
		[has(FLOW_MASQUERADED), "masqueraded"],
		[has(FLOW_PORT_CHANGED) && !has(FLOW_DIRECT), "source port changed"],
		[flows.get(keyOf(entry.key, entry.isReply))?.inOverflow === true, "stored in overflow"],
	];
	return paths.filter(([took]) => took).map(([, path]) => path);
}

function packetPaths({ frame, gsoSize }: Arrival, parsed: Parsed, { complete }: Run): Path[] {
	const isWhole = parsed.fragment === "no";
	const { proto } = parsed;
	const isAbsent = isWhole && lacksChecksum(frame, parsed);
	const header = parsed.l4 - parsed.l3;
	const paths: (readonly [boolean, Path])[] = [
		[parsed.fragment === "first", "first fragment"],
		[parsed.fragment === "later", "later fragment"],
		[!parsed.isV6 && header > 20, "behind IPv4 options"],
		[parsed.isV6 && header > 40, "behind IPv6 extension headers"],
		[isAbsent && proto === UDP, "UDP without checksum"],
		[proto === SCTP, "SCTP"],
		[isAbsent && proto === SCTP, "SCTP without checksum"],
		[isWhole && !isAbsent && !sumsUp(frame, parsed), "wrong checksum kept wrong"],
		[complete, "hardware checksum"],
		[gsoSize > 0, "GSO"],
		[frame.length % 2 === 1, "odd length"],
	];
	return paths.filter(([took]) => took).map(([, path]) => path);
}

/** Whether the L4 checksum of a whole packet is right. */
function sumsUp(frame: Uint8Array, parsed: Parsed): boolean {
	if (parsed.proto === SCTP) return sctpError(sctpMessage(frame, parsed)) === 0;
	return (l4Sum(frame, parsed) + parsed.proto + (frame.length - parsed.l4)) % 65535 === 0;
}
