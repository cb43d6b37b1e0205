/** How both directions of a new flow have to go on. */
import { DropReason, FlowHook, FlowWay } from "../../../src/layout/structs.ts";
import { type DeviceName, ifindexOf, macOf, POD_MTU, UPLINK_MTU } from "../../bpf/lib/topology.ts";
import type { Entry } from "./flows.ts";
import { hexOf, type Parsed } from "./parse-frame.ts";
import { hexAddress, type KnownDevice, NODE, type Route, routeTo } from "./place.ts";
import { type Arrival, arrivedAt, type Situation } from "./situation.ts";

/** What an entry says of where its packets go on. */
export type Way = Pick<Entry, "hook" | "way" | "ifindex" | "mtu" | "dmac" | "smac">;

export interface Ways {
	readonly forward: Way;
	readonly reply: Way;
	/** The source that the backend sees, when it is not the client's. */
	readonly masquerade?: string;
}

/** The backend that a flow was given. */
export interface Target {
	readonly addr: string;
	readonly isLocal: boolean;
	/** A connection to the backend itself, not to a service. */
	readonly isDirect: boolean;
}

const { HOOK_INGRESS, HOOK_EGRESS } = FlowHook;
const NO_MAC = "000000000000";
const none = (hook: number, way: number): Way => ({
	hook,
	way,
	ifindex: 0,
	mtu: 0,
	dmac: NO_MAC,
	smac: NO_MAC,
});

/** An Ethernet header and a VLAN tag. */
const ETHERNET_HEADERS = 18;

const mtuOf = (device: DeviceName): number =>
	device === "backend" || device === "overlay" ? POD_MTU : UPLINK_MTU;

const plainMac = (device: DeviceName): string => macOf(device).replaceAll(":", "");

interface Question {
	readonly situation: Situation;
	readonly arrival: Arrival;
	readonly parsed: Parsed;
	readonly target: Target;
	readonly client: KnownDevice;
	readonly route: Route;
	readonly out: KnownDevice | undefined;
}

/** The ways of a new flow, or the reason for which there are none. */
export function waysOf(
	situation: Situation,
	arrival: Arrival,
	parsed: Parsed,
	target: Target,
): Ways | number {
	const isEgress = arrival.hook === "egress";
	if (isEgress && target.isDirect) {
		const reply = { ...none(HOOK_INGRESS, FlowWay.WAY_INGRESS), ifindex: arrivedAt(arrival) };
		return { forward: none(HOOK_EGRESS, FlowWay.WAY_STACK), reply };
	}
	const client = situation.devices.get(arrival.device);
	if (client === undefined) throw new Error(`no flow begins at ${arrival.device}`);
	const route = routeTo(target.addr, parsed.src);
	const out = route.device && situation.devices.get(route.device);
	const question: Question = { situation, arrival, parsed, target, client, route, out };
	return isEgress ? egressWays(question) : ingressWays(question);
}

function egressWays(question: Question): Ways | number {
	const { route } = question;
	if (route.device === undefined) {
		return route.isNode ? DropReason.DROP_HOST_BACKEND : DropReason.DROP_FIB;
	}
	return leavesByOtherAddress(question) ? masqueradedWays(question) : redirectWays(question);
}

function ingressWays(question: Question): Ways | number {
	if (cannotBeAnswered(question)) {
		const { device } = question.route;
		return device === undefined ? DropReason.DROP_FIB : masqueradedWays(question);
	}
	return goesByStack(question) ? stackWays(question) : redirectWays(question);
}

function masqueradedWays(question: Question): Ways | number {
	const masquerade = ownAddress(question) ?? nodeAddress(question);
	if (masquerade === undefined) return DropReason.DROP_NO_MASQUERADE_ADDRESS;
	return { ...redirectWays(question), masquerade };
}

function ownAddress({ out, parsed }: Question): string | undefined {
	return out?.own && hexAddress(out.own[parsed.isV6 ? 1 : 0]);
}

function nodeAddress({ situation, parsed }: Question): string | undefined {
	return situation.nodeAddress ? hexAddress(NODE[parsed.isV6 ? 1 : 0]) : undefined;
}

/** The node's own packets through a device with an address of its own. */
function leavesByOtherAddress(question: Question): boolean {
	const own = ownAddress(question);
	return own !== undefined && own !== question.parsed.src;
}

/** The backend would answer past the node: to itself, or to a client outside. */
function cannotBeAnswered({ parsed, target, client }: Question): boolean {
	if (target.addr === parsed.src) return true;
	return client.kind === "uplink" && !target.isLocal && !target.isDirect;
}

function mayRedirect({ situation: { mode }, client, out }: Question): boolean {
	if (mode !== "auto") return mode === "redirect";
	return client.redirect && out?.redirect === true;
}

function goesByStack(question: Question): boolean {
	const { client, route } = question;
	const inBridge = client.master !== undefined && client.master === route.device;
	return inBridge || route.device === undefined || !mayRedirect(question);
}

/** The kernel's route lookup then answers with the MTU and not with "all is known". */
export function isTooBig({ frame, gsoSize }: Arrival, device: DeviceName): boolean {
	return gsoSize === 0 && frame.length > mtuOf(device) + ETHERNET_HEADERS;
}

function stackWays({ arrival, client, route }: Question): Ways {
	if (client.master === undefined || route.device !== client.master) {
		return {
			forward: none(HOOK_INGRESS, FlowWay.WAY_STACK),
			reply: none(HOOK_EGRESS, FlowWay.WAY_STACK),
		};
	}
	const forward = none(HOOK_INGRESS, FlowWay.WAY_BRIDGE);
	const isKnown = route.mac !== undefined && !isTooBig(arrival, route.device);
	const learnt = isKnown && {
		dmac: route.mac.replaceAll(":", ""),
		ifindex: ifindexOf(route.device),
	};
	return { forward: { ...forward, ...learnt }, reply: none(HOOK_EGRESS, FlowWay.WAY_BRIDGE) };
}

function redirectWays(question: Question): Ways {
	const { arrival, parsed, route, out } = question;
	const device = route.device;
	if (device === undefined) throw new Error("a redirect needs a device");
	const isPeer =
		mayRedirect(question) &&
		route.mac !== undefined &&
		arrival.hook === "ingress" &&
		parsed.l3 > 0 &&
		!isTooBig(arrival, device);
	const forward: Way = {
		hook: arrival.hook === "ingress" ? HOOK_INGRESS : HOOK_EGRESS,
		way: isPeer && out?.kind === "pod" && out.peer ? FlowWay.WAY_PEER : FlowWay.WAY_NEIGH,
		ifindex: ifindexOf(device),
		mtu: mtuOf(device),
		dmac: route.mac?.replaceAll(":", "") ?? NO_MAC,
		smac: route.mac === undefined ? NO_MAC : plainMac(device),
	};
	return { forward, reply: replyWay(question) };
}

function replyWay(question: Question): Way {
	const { arrival, parsed, client } = question;
	const { frame } = arrival;
	const hasEthernet = parsed.l3 > 0;
	const back = {
		...none(HOOK_INGRESS, FlowWay.WAY_NEIGH),
		ifindex: arrivedAt(arrival),
		smac: client.mac,
	};
	if (arrival.hook === "egress" && client.name === "lo" && !parsed.isV6) return back;
	if (arrival.hook === "egress") {
		const smac = hasEthernet ? hexOf(frame, 0, 6) : client.mac;
		return { ...back, way: FlowWay.WAY_INGRESS, dmac: client.mac, smac };
	}
	if (mayRedirect(question) && client.kind === "pod" && client.peer && hasEthernet) {
		return { ...back, way: FlowWay.WAY_PEER, dmac: hexOf(frame, 6, 12), mtu: mtuOf(client.name) };
	}
	const ifindex = client.master ? ifindexOf(client.master) : back.ifindex;
	return { ...back, ifindex, mtu: client.mtu };
}
