/** The flow tables as connections: one line for each forward entry. */
import {
	Flow,
	FlowDirection,
	FlowFlag,
	FlowKey,
	FlowState,
	FlowWay,
	ServiceName,
} from "../../layout/structs.ts";
import { bytesToAddress } from "../../model/address-bytes.ts";
import { elapsedSeconds } from "./elapsed.ts";
import type { Pinned } from "./open.ts";
import { forEachEntry, protocolName, viewOf } from "./snapshot.ts";

export interface FlowView {
	readonly protocol: string;
	readonly client: string;
	readonly clientPort: number;
	readonly address: string;
	readonly port: number;
	readonly backend: string;
	readonly backendPort: number;
	/** Source as the backend sees it; differs from the client's when masqueraded. */
	readonly source: string;
	readonly sourcePort: number;
	readonly namespace: string;
	readonly service: string;
	readonly portName: string;
	readonly state: string;
	readonly way: string;
	readonly flags: readonly string[];
	/** Seconds since the last packet. */
	readonly idle: number;
	/** Seconds since the first packet. */
	readonly age: number;
	readonly table: "flows" | "overflow";
}

export interface FlowEntry {
	readonly view: FlowView;
	/** The forward entry's key. */
	readonly key: Uint8Array;
}

export function readFlows(pinned: Pinned): FlowEntry[] {
	const elapsed = elapsedSeconds(pinned);
	const seconds = (jiffies: bigint): number => Math.round(elapsed(jiffies) * 10) / 10;
	const names = readNames(pinned);
	const found: FlowEntry[] = [];
	for (const table of ["flows", "overflow"] as const) {
		forEachEntry(pinned.map(table), (keyBytes, value) => {
			const key = FlowKey.decode(viewOf(keyBytes), 0);
			if (key.direction !== FlowDirection.FLOW_FORWARD) return;
			const flow = Flow.decode(viewOf(value), 0);
			const name = names.get(flow.service);
			found.push({
				key: keyBytes.slice(),
				view: {
					protocol: protocolName(key.proto),
					client: bytesToAddress(key.src),
					clientPort: key.sport,
					address: bytesToAddress(key.dst),
					port: key.dport,
					backend: bytesToAddress(flow.dst),
					backendPort: flow.dport,
					source: bytesToAddress(flow.src),
					sourcePort: flow.sport,
					namespace: name?.ns ?? "",
					service: name?.name ?? "",
					portName: name?.port ?? "",
					state: stateName(key.proto, flow),
					way: nameIn(FlowWay, flow.way, "WAY_"),
					flags: flagNames(flow.flags),
					idle: seconds(flow.last_seen),
					age: seconds(flow.created),
					table,
				},
			});
		});
	}
	return found.sort((a, b) => (sortKey(a.view) < sortKey(b.view) ? -1 : 1));
}

function readNames(pinned: Pinned): Map<number, ServiceName> {
	const names = new Map<number, ServiceName>();
	forEachEntry(pinned.map("names"), (key, value) => {
		names.set(viewOf(key).getUint32(0, true), ServiceName.decode(viewOf(value), 0));
	});
	return names;
}

function sortKey(flow: FlowView): string {
	const { protocol, address, port, client, clientPort } = flow;
	return [protocol, address, String(port).padStart(5), client, clientPort].join(" ");
}

const IPPROTO_UDP = 17;

/** conntrack's names for TCP's handshake, which that of SCTP is like. UDP does not close: it matters if there was an answer. */
function stateName(proto: number, { state, flags }: Flow): string {
	if (proto !== IPPROTO_UDP) {
		const isAnswered = state === FlowState.FLOW_SYN_SENT && (flags & FlowFlag.FLOW_REPLIED) !== 0;
		return isAnswered ? "syn_recv" : nameIn(FlowState, state, "FLOW_");
	}
	return state === FlowState.FLOW_SYN_SENT ? "unreplied" : "replied";
}

function nameIn(names: Readonly<Record<string, number>>, value: number, prefix: string): string {
	const name = Object.keys(names).find((key) => names[key] === value) ?? `${prefix}${value}`;
	return name.slice(prefix.length).toLowerCase();
}

function flagNames(flags: number): string[] {
	return Object.entries(FlowFlag)
		.filter(([, bit]) => bit !== FlowFlag.FLOW_REPLIED && (flags & bit) !== 0)
		.map(([name]) => name.slice("FLOW_".length).toLowerCase());
}
