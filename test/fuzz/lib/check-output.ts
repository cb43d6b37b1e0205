/** The packet that came out, byte by byte: against the one that went in and the verdict. */
import { FlowWay } from "../../../src/layout/structs.ts";
import { ifindexOf } from "../../bpf/lib/topology.ts";
import { ACTION } from "../../bpf/lib/world.ts";
import { setU16 } from "../../lib/packet-bytes.ts";
import { isHop } from "./decide.ts";
import type { Entry } from "./flows.ts";
import { hexOf, type Parsed, SCTP, TCP, UDP } from "./parse-frame.ts";
import { routeTo } from "./place.ts";
import type { Quote } from "./quote.ts";
import { type Arrival, arrivedAt } from "./situation.ts";
import { addressSum, l4Sum, sctpError, sctpMessage, sumOf } from "./sums.ts";
import { isTooBig } from "./ways.ts";

export interface Output {
	readonly action: number;
	readonly packet: Uint8Array;
}

/** A checksum field, and by how much it is wrong: 0 is right. */
interface Checksum {
	readonly name: string;
	readonly at: number;
	readonly size: 2 | 4;
	/** A field of 0 says that there is none, and stays. */
	readonly mayBeAbsent: boolean;
	sum(frame: Uint8Array): number;
}

export function writeAddresses(
	frame: Uint8Array,
	{ l3, isV6 }: { readonly l3: number; readonly isV6: boolean },
	{ src, dst }: { readonly src: string; readonly dst: string },
): void {
	const size = isV6 ? 16 : 4;
	const at = l3 + (isV6 ? 8 : 12);
	frame.set(Buffer.from(src, "hex").subarray(16 - size), at);
	frame.set(Buffer.from(dst, "hex").subarray(16 - size), at + size);
}

/** What is wrong with a packet that `entry` translated; undefined: nothing. */
export function checkCarried(
	arrival: Arrival,
	parsed: Parsed,
	entry: Entry,
	output: Output,
): string | undefined {
	const expected = Uint8Array.from(arrival.frame);
	const checksums = parsed.isV6 ? [] : [ipChecksum(parsed)];
	writeAddresses(expected, parsed, entry.to);
	if (parsed.fragment !== "later") {
		setU16(expected, parsed.l4, entry.to.sport);
		setU16(expected, parsed.l4 + 2, entry.to.dport);
		checksums.push(l4Checksum(parsed));
	}
	return finish(arrival, parsed, { entry, expected, checksums, output });
}

/** What is wrong with an ICMP error about a flow; `entry` is of the packets that go where it goes. */
export function checkError(
	arrival: Arrival,
	parsed: Parsed,
	about: { readonly entry: Entry; readonly quote: Quote },
	output: Output,
): string | undefined {
	const { entry, quote } = about;
	const expected = Uint8Array.from(arrival.frame);
	const { isV6 } = parsed;
	writeAddresses(expected, { l3: quote.l3, isV6 }, { src: entry.to.dst, dst: entry.to.src });
	setU16(expected, quote.l4, entry.to.dport);
	setU16(expected, quote.l4 + 2, entry.to.sport);
	const src = parsed.src === entry.key.src ? entry.to.src : parsed.src;
	writeAddresses(expected, parsed, { src, dst: entry.to.dst });
	const checksums = [...(isV6 ? [] : [ipChecksum(parsed), quotedIpChecksum(quote)])];
	const inner = quotedL4Checksum(quote, isV6);
	if (inner.at + inner.size <= expected.length) checksums.push(inner);
	checksums.push(icmpChecksum(parsed));
	return finish(arrival, parsed, { entry, expected, checksums, output });
}

function finish(
	arrival: Arrival,
	parsed: Parsed,
	{
		entry,
		expected,
		checksums,
		output,
	}: { entry: Entry; expected: Uint8Array; checksums: readonly Checksum[]; output: Output },
): string | undefined {
	if (isHop(entry)) {
		const ttl = parsed.l3 + (parsed.isV6 ? 7 : 8);
		expected[ttl] = (expected[ttl] ?? 0) - 1;
	}
	const action = send(arrival, parsed, entry, expected);
	if (output.action !== action) return `the action is ${output.action} and should be ${action}`;
	if (output.packet.length !== expected.length) return `the length is ${output.packet.length}`;
	for (const { at, size } of checksums) expected.set(output.packet.slice(at, at + size), at);
	const differs = expected.findIndex((byte, at) => byte !== output.packet[at]);
	if (differs >= 0) {
		return `byte ${differs} is ${output.packet[differs]} and should be ${expected[differs]}`;
	}
	for (const checksum of checksums) {
		const problem = judge(checksum, arrival.frame, output.packet);
		if (problem) return problem;
	}
	return undefined;
}

/** Sets the MACs as the flow's way wants them; the action that programs return then. */
function send(arrival: Arrival, parsed: Parsed, entry: Entry, frame: Uint8Array): number {
	const setMacs = (macs: string): void => frame.set(Buffer.from(macs, "hex"), 0);
	switch (entry.way) {
		case FlowWay.WAY_NEIGH:
			return ACTION.redirect;
		case FlowWay.WAY_PEER:
			setMacs(entry.dmac + entry.smac);
			return ACTION.redirect;
		case FlowWay.WAY_BRIDGE:
			if (!entry.isReply) setMacs(bridgeMac(arrival, entry) ?? hexOf(arrival.frame, 0, 6));
			return ACTION.pass;
		case FlowWay.WAY_INGRESS:
			if (arrivedAt(arrival) === entry.ifindex) return ACTION.pass;
			if (parsed.l3 > 0) setMacs(entry.dmac + entry.smac);
			return ACTION.redirect;
		default:
			return ACTION.pass;
	}
}

/** The backend's MAC as soon as it is known; the kernel does not say it for what is too big. */
function bridgeMac(arrival: Arrival, entry: Entry): string | undefined {
	if (entry.ifindex === ifindexOf("bridge")) return entry.dmac;
	if (isTooBig(arrival, "bridge")) return undefined;
	return routeTo(entry.to.dst, entry.to.src).mac?.replaceAll(":", "");
}

/** Right stays right, and wrong stays wrong by the same difference. */
function judge(
	{ name, at, size, mayBeAbsent, sum }: Checksum,
	before: Uint8Array,
	after: Uint8Array,
): string | undefined {
	const isAbsent = (frame: Uint8Array): boolean => !frame.slice(at, at + size).some(Boolean);
	if (mayBeAbsent && isAbsent(before)) {
		return isAbsent(after) ? undefined : `the ${name} checksum was absent and is there`;
	}
	const [was, is] = [sum(before), sum(after)];
	return was === is ? undefined : `the ${name} checksum was wrong by ${was} and is by ${is}`;
}

function ipChecksum({ l3, l4 }: Parsed): Checksum {
	const sum = (frame: Uint8Array): number => sumOf(frame, l3, l4);
	return { name: "IP", at: l3 + 10, size: 2, mayBeAbsent: false, sum };
}

function l4Checksum(parsed: Parsed): Checksum {
	if (parsed.proto === SCTP) return sctpChecksum("L4", parsed);
	const at = parsed.l4 + (parsed.proto === TCP ? 16 : 6);
	const mayBeAbsent = parsed.proto === UDP;
	return { name: "L4", at, size: 2, mayBeAbsent, sum: (frame) => l4Sum(frame, parsed) };
}

function sctpChecksum(
	name: string,
	where: { readonly isV6: boolean; readonly l3: number; readonly l4: number },
): Checksum {
	const sum = (frame: Uint8Array): number => sctpError(sctpMessage(frame, where));
	return { name, at: where.l4 + 8, size: 4, mayBeAbsent: true, sum };
}

function icmpChecksum(parsed: Parsed): Checksum {
	const { l4, isV6 } = parsed;
	const sum = (frame: Uint8Array): number =>
		isV6 ? l4Sum(frame, parsed) : sumOf(frame, l4, frame.length);
	return { name: "ICMP", at: l4 + 2, size: 2, mayBeAbsent: false, sum };
}

function quotedIpChecksum({ l3, l4 }: Quote): Checksum {
	const sum = (frame: Uint8Array): number => sumOf(frame, l3, l4);
	return { name: "quoted IP", at: l3 + 10, size: 2, mayBeAbsent: true, sum };
}

/** The quote may be cut: then the sum is wrong by what is missing, before and after. */
function quotedL4Checksum({ l3, l4, proto }: Quote, isV6: boolean): Checksum {
	if (proto === SCTP) return sctpChecksum("quoted L4", { isV6, l3, l4 });
	const at = l4 + (proto === TCP ? 16 : 6);
	const sum = (frame: Uint8Array): number =>
		(addressSum(frame, l3, isV6) + sumOf(frame, l4, frame.length)) % 65535;
	return { name: "quoted L4", at, size: 2, mayBeAbsent: true, sum };
}
