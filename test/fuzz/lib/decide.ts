/** What has to become of a packet, from the situation before it and the flows after it. */
import { DropReason, FlowFlag, FlowHook, FlowState, FlowWay } from "../../../src/layout/structs.ts";
import { type Entry, type Flows, keyOf, reverse } from "./flows.ts";
import { isNew, isSyn, type Parsed, SCTP, UDP } from "./parse-frame.ts";
import { BACKEND_PORT, FRONTEND_PORT, hexAddress, NODE, type Served } from "./place.ts";
import { type Quote, quoteIn } from "./quote.ts";
import { type Arrival, datagramOf, hookNumber, type Situation } from "./situation.ts";
import { waysOf } from "./ways.ts";

export type Verdict =
	| { readonly kind: "pass"; readonly why: string }
	/** Refused without a word, for one of these reasons. */
	| { readonly kind: "drop"; readonly reasons: readonly number[]; readonly begins?: Beginning }
	| Answer
	/** Translated by this entry. `begins`: the packet made the flow. `byStack`: to be cut by the stack. */
	| {
			readonly kind: "carry";
			readonly entry: Entry;
			readonly begins?: Beginning;
			readonly byStack?: boolean;
	  }
	/** An ICMP error about this entry's reverse direction. */
	| { readonly kind: "error"; readonly entry: Entry; readonly quote: Quote };

export interface Answer {
	readonly kind: "answer";
	readonly reason: number;
	readonly says: "unreachable" | "expired" | "too big";
	readonly from: string;
	readonly mtu: number;
	/** The flow that the packet made although it was refused. */
	readonly begins?: Beginning;
}

/** What a new flow leads to. */
export interface Beginning {
	readonly target: { readonly addr: string; readonly id: number; readonly isLocal: boolean };
	readonly isDirect: boolean;
}

const pass = (why: string): Verdict => ({ kind: "pass", why });
const drop = (...reasons: number[]): Verdict => ({ kind: "drop", reasons });

/** IPv4 header with all options: what an answer can quote. */
const QUOTABLE_HEADER = 64;

/** A verdict, and the packet with the ports of its datagram; undefined: it is nothing to us. */
export interface Judged {
	readonly verdict: Verdict;
	readonly parsed?: Parsed;
}

/** `after`: the flows after the packet, which say what was picked where there was a choice. */
export function verdictOn(situation: Situation, arrival: Arrival, after: Flows): Judged {
	const { parsed } = arrival;
	if (typeof parsed === "string") return { verdict: pass(parsed) };
	if (parsed.fragment !== "later") {
		return { verdict: decide(situation, arrival, parsed, after), parsed };
	}
	const ports = situation.fragments.get(datagramOf(parsed));
	if (ports === undefined) return { verdict: pass("a fragment of an unknown datagram") };
	const whole: Parsed = { ...parsed, sport: ports.sport, dport: ports.dport };
	return { verdict: decide(situation, arrival, whole, after), parsed: whole };
}

function decide(situation: Situation, arrival: Arrival, parsed: Parsed, after: Flows): Verdict {
	if (parsed.isIcmpError) return decideError(situation, arrival, parsed);
	const isToBackend =
		parsed.dport === BACKEND_PORT && situation.place.backends.has(`${parsed.dst}/${parsed.proto}`);
	const ahead = decideForward(situation, arrival, parsed, { isToBackend, after });
	if (ahead !== "begins" && ahead !== undefined) return ahead;
	const frontend = frontendOf(situation, parsed);
	const entry = replyEntry(situation, parsed, { arrival, frontend, isToBackend, after });
	if (entry) {
		if (entry.hook !== hookNumber(arrival)) return pass("a flow of another hook");
		return carry(situation, arrival, parsed, { entry });
	}
	if (ahead === "begins" && frontend) {
		return begin(situation, arrival, parsed, { frontend, after });
	}
	if (isToBackend && isSyn(parsed)) return beginDirect(situation, arrival, parsed, after);
	return pass(frontend ? "no flow may begin here" : "no frontend, no flow");
}

/**
 * A reply may be for a port that is a frontend's; what begins a connection there is none. Where no reply
 * has ever acted nobody looks for one: what begins a connection there, from a backend to another or to
 * itself, is a direct one.
 */
function replyEntry(
	{ flows }: Situation,
	parsed: Parsed,
	at: { arrival: Arrival; frontend: Served | undefined; isToBackend: boolean; after: Flows },
): Entry | undefined {
	if (at.frontend && isSyn(parsed)) return undefined;
	const entry = flows.get(keyOf(parsed, true));
	const acts = entry?.hook === hookNumber(at.arrival);
	const ahead = keyOf(parsed, false);
	const isMoved = at.isToBackend && isSyn(parsed) && at.after.has(ahead) && !flows.has(ahead);
	return acts || !isMoved ? entry : undefined;
}

/** Undefined: it is no packet of a client, or may not begin a flow here; "begins": it may, unless it is a reply. */
function decideForward(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	{ isToBackend, after }: { isToBackend: boolean; after: Flows },
): Verdict | "begins" | undefined {
	const frontend = frontendOf(situation, parsed);
	if (!frontend && !(isToBackend && situation.directInUse)) return undefined;
	const entry = situation.flows.get(keyOf(parsed, false));
	const begins = frontend && mayBegin(situation, arrival);
	if (entry && isForeign(entry, arrival)) {
		const isReplaced = begins && isSyn(parsed) && isOver(entry, after, arrival);
		if (!isReplaced) return pass("a flow of another hook");
	} else if (entry && serves(situation, parsed, entry)) {
		return carry(situation, arrival, parsed, { entry });
	}
	return begins ? "begins" : undefined;
}

function frontendOf({ place }: Situation, { dst, dport, proto }: Parsed): Served | undefined {
	return dport === FRONTEND_PORT ? place.frontends.get(`${dst}/${proto}`) : undefined;
}

/** A flow of another hook may make room for a new connection when it is over. */
function isOver(entry: Entry, after: Flows, arrival: Arrival): boolean {
	const now = after.get(keyOf(entry.key, false));
	return entry.state >= FlowState.FLOW_CLOSING && now?.hook === hookNumber(arrival);
}

/** At egress every run is another socket's, and direct flows of the node are one socket's. */
function isForeign(entry: Entry, arrival: Arrival): boolean {
	if (entry.hook !== hookNumber(arrival)) return true;
	return arrival.hook === "egress" && (entry.flags & FlowFlag.FLOW_DIRECT) !== 0;
}

/** Whether the packet goes on with the flow that is there. */
function serves({ gone }: Situation, parsed: Parsed, entry: Entry): boolean {
	if (isSyn(parsed) && entry.state >= FlowState.FLOW_CLOSING) return false;
	if (entry.flags & FlowFlag.FLOW_DIRECT || !gone.has(entry.backend)) return true;
	return parsed.proto !== UDP && !(isSyn(parsed) && entry.state === FlowState.FLOW_SYN_SENT);
}

/** Clients are what is behind a device that is served, and the node by uplinks and loopback. */
function mayBegin({ devices }: Situation, { device, hook, fromNode }: Arrival): boolean {
	const known = devices.get(device);
	if (known === undefined) return false;
	return hook === "ingress" || (fromNode && known.kind !== "pod");
}

function begin(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	{ frontend, after }: { frontend: Served; after: Flows },
): Verdict {
	const refusal = refuseLater(parsed) ?? refuse(parsed, frontend);
	if (refusal) return refusal;
	const alive = frontend.backends.filter(({ id }) => !situation.gone.has(id));
	const entry = after.get(keyOf(parsed, false));
	const isLocal = frontend.role.local;
	if (entry) {
		const target = alive.find(({ addr }) => addr === entry.to.dst);
		if (target === undefined) throw new Error(`a new flow to ${entry.to.dst}, no live backend`);
		const begins: Beginning = { target: { ...target, isLocal }, isDirect: false };
		return carry(situation, arrival, parsed, { entry, begins });
	}
	const mayFail: number[] = [];
	if (alive.length < frontend.backends.length) mayFail.push(DropReason.DROP_NO_ENDPOINT);
	for (const each of alive) {
		const ways = waysOf(situation, arrival, parsed, { ...each, isLocal, isDirect: false });
		if (typeof ways === "number") mayFail.push(ways);
	}
	const mayClash = situation.onePort && situation.flows.size > 0;
	if (mayClash) mayFail.push(DropReason.DROP_NO_MASQUERADE_PORT);
	return drop(...mayFail);
}

/** Undefined: the packet may be the first of a flow. */
function refuseLater(parsed: Parsed): Verdict | undefined {
	if (parsed.proto === SCTP && !isSyn(parsed)) {
		return pass("SCTP without a flow, and none begins");
	}
	return parsed.fragment === "later" ? drop(DropReason.DROP_FRAGMENT) : undefined;
}

/** Undefined: the frontend has endpoints. */
function refuse(parsed: Parsed, { role, backends }: Served): Verdict | undefined {
	const onlyElsewhere = role.options?.onlyLocalEmpty === true;
	if (backends.length > 0 && !onlyElsewhere) return undefined;
	if (!isNew(parsed)) return pass("no endpoint, and no connection begins");
	if (onlyElsewhere) return drop(DropReason.DROP_NO_LOCAL_ENDPOINT);
	const reason = DropReason.DROP_NO_ENDPOINT;
	return answer(parsed, { reason, says: "unreachable", from: parsed.dst, mtu: 0 });
}

/** A connection to a backend itself: only beside a service flow that it would be taken for. */
function beginDirect(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	after: Flows,
): Verdict {
	const mayBeClient =
		arrival.hook === "egress" ? arrival.fromNode : situation.devices.has(arrival.device);
	const holder = situation.flows.get(keyOf(reverse(parsed), true));
	if (!mayBeClient || holder === undefined || holder.state === FlowState.FLOW_CLOSED) {
		if (mayBeClient && after.has(keyOf(parsed, false)))
			throw new Error("a flow that is over stays");
		return pass("a direct connection to a backend");
	}
	const entry = after.get(keyOf(parsed, false));
	const target = { addr: parsed.dst, id: 0, isLocal: false };
	if (entry)
		return carry(situation, arrival, parsed, { entry, begins: { target, isDirect: true } });
	const ways = waysOf(situation, arrival, parsed, { ...target, isDirect: true });
	if (typeof ways === "number") return drop(ways);
	return situation.onePort ? drop(DropReason.DROP_NO_MASQUERADE_PORT) : drop();
}

/** True when the packet passes a router here. */
export function isHop({ hook, way }: Entry): boolean {
	return hook === FlowHook.HOOK_INGRESS && (way === FlowWay.WAY_NEIGH || way === FlowWay.WAY_PEER);
}

/** Translates, unless a router would refuse the packet. */
function carry(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	flow: { readonly entry: Entry; readonly begins?: Beginning },
): Verdict {
	const { entry, begins } = flow;
	if (parsed.proto === SCTP && parsed.fragment !== "no" && changesPorts(entry)) {
		const reasons = [DropReason.DROP_FRAGMENT];
		return { kind: "drop", reasons, ...(begins ? { begins } : {}) };
	}
	const router = { from: routerAddress(situation, arrival, parsed), ...flow };
	if (isHop(entry) && parsed.ttl <= 1) {
		return answer(parsed, { reason: DropReason.DROP_TTL, says: "expired", mtu: 0, ...router });
	}
	const { gsoSize, frame } = arrival;
	const size =
		gsoSize > 0 ? parsed.l4 - parsed.l3 + parsed.l4Size + gsoSize : frame.length - parsed.l3;
	const isRedirected = entry.way === FlowWay.WAY_NEIGH || entry.way === FlowWay.WAY_PEER;
	if (isRedirected && entry.mtu > 0 && size > entry.mtu) {
		if (mayFragment(arrival, parsed, entry)) return { kind: "carry", byStack: true, ...flow };
		const { mtu } = entry;
		return answer(parsed, { reason: DropReason.DROP_TOO_BIG, says: "too big", mtu, ...router });
	}
	return { kind: "carry", ...flow };
}

/** Without DF, and with an address that the stack takes in. */
function mayFragment({ frame }: Arrival, { isV6, l3, fragment }: Parsed, entry: Entry): boolean {
	const isPlain = entry.way === FlowWay.WAY_NEIGH && !(entry.flags & FlowFlag.FLOW_MASQUERADED);
	const isForward = entry.hook === FlowHook.HOOK_INGRESS && !entry.isReply;
	const isWhole = fragment === "no";
	return !isV6 && isWhole && isPlain && isForward && ((frame[l3 + 6] ?? 0) & 0x40) === 0;
}

/** The checksum of a fragmented SCTP message cannot follow. */
function changesPorts({ key, to }: Entry): boolean {
	return key.sport !== to.sport || key.dport !== to.dport;
}

/** Fragments behind the first are not answered (RFC 1122), nor what cannot be quoted. */
function answer(
	parsed: Parsed,
	{ reason, says, from, mtu, begins }: Omit<Answer, "kind">,
): Verdict {
	const made = begins ? { begins } : {};
	if (parsed.fragment === "later" || parsed.l4 - parsed.l3 > QUOTABLE_HEADER) {
		return { kind: "drop", reasons: [reason], ...made };
	}
	return { kind: "answer", reason, says, from, mtu, ...made };
}

/** Whose address an error of a router bears. */
function routerAddress(situation: Situation, arrival: Arrival, parsed: Parsed): string {
	const at = parsed.isV6 ? 1 : 0;
	const own = situation.devices.get(arrival.device)?.own;
	if (arrival.hook === "egress") return parsed.dst;
	if (own) return hexAddress(own[at]);
	return situation.nodeAddress ? hexAddress(NODE[at]) : parsed.dst;
}

function decideError(situation: Situation, arrival: Arrival, parsed: Parsed): Verdict {
	const quote = quoteIn(arrival.frame, parsed);
	if (quote === undefined) return pass("an ICMP error that quotes nothing of ours");
	const about = reverse(quote);
	const isToFrontend =
		about.dport === FRONTEND_PORT && situation.place.frontends.has(`${about.dst}/${about.proto}`);
	const entry =
		situation.flows.get(keyOf(about, true)) ??
		(isToFrontend ? situation.flows.get(keyOf(about, false)) : undefined);
	if (entry === undefined) return pass("an ICMP error about no flow");
	if (entry.hook !== hookNumber(arrival)) return pass("an ICMP error at another hook");
	if (!parsed.isV6 && arrival.frame[parsed.l4] === 5) return drop(DropReason.DROP_ICMP_REDIRECT);
	if (isHop(entry) && parsed.ttl <= 1) return drop(DropReason.DROP_TTL);
	return { kind: "error", entry, quote };
}
