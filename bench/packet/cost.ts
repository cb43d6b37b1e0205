import type { BpfProgram } from "../../src/dataplane/addon.ts";
import { BenchDatapath } from "../lib/datapath.ts";
import { endpointsOfEach } from "../lib/objects.ts";
import { ACK, SYN, tcpPacket } from "./packets.ts";
import {
	aimFresh,
	applyPairs,
	endFresh,
	foreignTuple,
	pingPongTuple,
	prepareMaps,
	seedPingPong,
} from "./setting.ts";

/** Test-runs of one figure in one round: calls, and repeats in each. */
const CALLS = 5;
const REPEATS = 100_000;
const FLOWS_ALIVE = 65_536;
/** New flows of one round: bursts, and flows in each, which then end. */
const BURSTS = 5;
const BURST = 4096;
/** TC_ACT_UNSPEC, as an unsigned number. */
const PASSED = 0xffff_ffff;

/**
 * What is run: nothing, one lookup, a packet of an established flow of each family, a packet of
 * nobody's, a flow's first packet, and what makes the latter.
 */
export type Kind = "empty" | "lookup" | "flow4" | "flow6" | "foreign" | "fresh" | "wrap";

/** Test-runs of the programs over maps that hold some Services. */
export interface PacketPath {
	/** Nanoseconds of one run, by what is run. */
	readonly ns: Readonly<Record<Kind, () => number>>;
	close(): void;
}

/** Loads the programs and fills their maps; 65,536 flows are alive. */
export async function openPacketPath(services: number): Promise<PacketPath> {
	const datapath = BenchDatapath.load();
	try {
		datapath.applyMany(0, services, endpointsOfEach(services));
		applyPairs(datapath);
		const syncer = await datapath.syncer();
		await syncer.syncOnce();
		prepareMaps(datapath);
		return { ns: runs(datapath), close: () => datapath.close() };
	} catch (error) {
		datapath.close();
		throw error;
	}
}

function runs(datapath: BenchDatapath): PacketPath["ns"] {
	const ingress = datapath.program("tc_ingress");
	const empty = datapath.program("bench_empty");
	const lookup = datapath.program("bench_lookup");
	const fresh = datapath.program("bench_fresh");
	const wrap = datapath.program("bench_wrap");
	const established = (family: "IPv4" | "IPv6") => {
		const packet = tcpPacket({ ...pingPongTuple(family), flags: ACK });
		return () => {
			seedPingPong(datapath, family);
			return average(ingress, packet);
		};
	};
	const foreign = tcpPacket({ ...foreignTuple(datapath), flags: ACK });
	const first = tcpPacket({ ...pingPongTuple("IPv4"), flags: SYN });
	aimFresh(datapath);
	run(fresh, first, FLOWS_ALIVE);
	return {
		empty: () => average(empty, foreign),
		lookup: () => average(lookup, foreign),
		flow4: established("IPv4"),
		flow6: established("IPv6"),
		foreign: () => average(ingress, foreign),
		fresh: () =>
			mean(BURSTS, () => {
				const ns = run(fresh, first, BURST);
				endFresh(datapath, BURST);
				return ns;
			}),
		wrap: () => average(wrap, first),
	};
}

function average(program: BpfProgram, packet: Uint8Array): number {
	return mean(CALLS, () => run(program, packet, REPEATS));
}

function mean(count: number, measureOnce: () => number): number {
	let sum = 0;
	for (let i = 0; i < count; i++) sum += measureOnce();
	return sum / count;
}

/** Nanoseconds of one run; throws when the packet was not let through. */
function run(program: BpfProgram, data: Uint8Array, repeat: number): number {
	const { retval, durationNs } = program.testRun({ data, repeat });
	if (retval >>> 0 !== PASSED) {
		throw new Error(`${program.info.name} answered ${retval}, not TC_ACT_UNSPEC`);
	}
	return durationNs;
}
