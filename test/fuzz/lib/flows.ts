/** The flow tables as the datapath left them, and what holds for every flow in them. */
import { Flow, FlowFlag, FlowKey } from "../../../src/layout/structs.ts";
import type { World } from "../../bpf/lib/world.ts";
import type { Tuple } from "./parse-frame.ts";

/** One direction of a flow; addresses as in Tuple, MACs as 12 hex digits. */
export interface Entry {
	readonly key: Tuple;
	readonly isReply: boolean;
	/** What is written into its packets. */
	readonly to: Tuple;
	readonly hook: number;
	readonly way: number;
	readonly state: number;
	readonly flags: number;
	readonly ifindex: number;
	readonly mtu: number;
	readonly dmac: string;
	readonly smac: string;
	readonly service: number;
	readonly backend: number;
	readonly inOverflow: boolean;
}

export type Flows = ReadonlyMap<string, Entry>;

const hex = (bytes: Uint8Array): string =>
	Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");

export function keyOf(tuple: Tuple, isReply: boolean): string {
	const { src, dst, sport, dport, proto } = tuple;
	return `${src}.${sport} > ${dst}.${dport} ${proto}${isReply ? " reply" : ""}`;
}

export function reverse({ src, dst, sport, dport, proto }: Tuple): Tuple {
	return { src: dst, dst: src, sport: dport, dport: sport, proto };
}

/** The key of the same flow's other entry: the reverse of the packet after translation. */
export function twinOf(entry: Entry): string {
	return keyOf(reverse(entry.to), !entry.isReply);
}

/** More than a case can make. */
const PAGE = 64;

/** Everything in both tables. */
export function readFlows(world: World): Flows {
	const found = new Map<string, Entry>();
	for (const table of ["flows", "overflow"] as const) {
		const { keys, values, count } = world.map(table).lookupBatch(undefined, PAGE);
		const keyView = new DataView(keys.buffer, keys.byteOffset);
		const valueView = new DataView(values.buffer, values.byteOffset);
		for (let i = 0; i < count; i++) {
			const key = FlowKey.decode(keyView, i * FlowKey.SIZE);
			const flow = Flow.decode(valueView, i * Flow.SIZE);
			const entry = entryOf(key, flow, table === "overflow");
			found.set(keyOf(entry.key, entry.isReply), entry);
		}
	}
	return found;
}

function entryOf(key: FlowKey, flow: Flow, inOverflow: boolean): Entry {
	const { sport, dport, proto } = key;
	return {
		key: { src: hex(key.src), dst: hex(key.dst), sport, dport, proto },
		isReply: key.direction === 1,
		to: { src: hex(flow.src), dst: hex(flow.dst), sport: flow.sport, dport: flow.dport, proto },
		hook: flow.hook,
		way: flow.way,
		state: flow.state,
		flags: flow.flags,
		ifindex: flow.ifindex,
		mtu: flow.mtu,
		dmac: hex(flow.dmac),
		smac: hex(flow.smac),
		service: flow.service,
		backend: flow.backend,
		inOverflow,
	};
}

/** Removes every flow, as expiry would. */
export function forgetFlows(world: World): void {
	for (const table of ["flows", "overflow"] as const) {
		const { keys, count } = world.map(table).lookupBatch(undefined, PAGE);
		if (count > 0) world.map(table).deleteBatch(keys, count);
	}
}

/** What is wrong with the tables as a whole; undefined: nothing. */
export function inconsistency(flows: Flows, halfOpen: bigint): string | undefined {
	const entries = [...flows.entries()];
	const counted = entries.filter(
		([, { isReply, flags }]) => !isReply && flags & FlowFlag.FLOW_HALF_OPEN,
	).length;
	if (BigInt(counted) !== halfOpen) return `${halfOpen} counted half open, ${counted} are`;
	for (const [key, entry] of entries) {
		const problem = checkPair(key, entry, flows.get(twinOf(entry)));
		if (problem) return `${key} ${problem}`;
	}
	return undefined;
}

function checkPair(key: string, entry: Entry, twin: Entry | undefined): string | undefined {
	if (twin === undefined) return `has no twin ${twinOf(entry)}`;
	if (twinOf(twin) !== key) return `has a twin of another flow: ${twinOf(twin)}`;
	const saysOverflow = (entry.flags & FlowFlag.FLOW_OVERFLOW) !== 0;
	if (saysOverflow !== entry.inOverflow) return "is in the other table than its flags say";
	const fields = ["state", "flags", "service", "backend", "inOverflow"] as const;
	const field = fields.find((each) => twin[each] !== entry[each]);
	return field && `and its twin differ in ${field}`;
}
