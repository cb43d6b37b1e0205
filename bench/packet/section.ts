import type { BpfProgram } from "../../src/dataplane/addon.ts";
import { BenchDatapath } from "../lib/datapath.ts";
import type { Measured, Outcome } from "../lib/figure.ts";
import { interleave } from "../lib/rounds.ts";
import type { Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
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

const SERVICES = 10_000;
const ENDPOINTS = 10;
const ROUNDS = 15;
/** Test-runs of one figure in one round: calls, and repeats in each. */
const CALLS = 5;
const REPEATS = 100_000;
const FLOWS_ALIVE = 65_536;
/** New flows of one round: bursts, and flows in each, which then end. */
const BURSTS = 5;
const BURST = 4096;
/** TC_ACT_UNSPEC, as an unsigned number. */
const PASSED = 0xffff_ffff;

/** Nanoseconds of one run, by what was run; one value per round. */
type Times = Record<
	"empty" | "lookup" | "flow4" | "flow6" | "foreign" | "fresh" | "wrap",
	number[]
>;

/** Costs of the packet path, in lookups of the same run. */
export const packetSection: Section = {
	title: "packet path",
	ids: ["D7", "D9", "D10"],
	async run(progress) {
		const datapath = BenchDatapath.load();
		try {
			progress(`${SERVICES} services x ${ENDPOINTS} endpoints`);
			datapath.applyMany(0, SERVICES, ENDPOINTS);
			applyPairs(datapath);
			const syncer = await datapath.syncer();
			await syncer.syncOnce();
			prepareMaps(datapath);
			progress(`${ROUNDS} rounds of test-runs`);
			return outcomes(await measure(datapath));
		} finally {
			datapath.close();
		}
	},
};

async function measure(datapath: BenchDatapath): Promise<Times> {
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
	return await interleave(ROUNDS, {
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
	});
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

function outcomes(times: Times): Outcome[] {
	const unit = times.lookup.map((ns, round) => ns - (times.empty[round] ?? 0));
	const ratio = (ns: readonly number[], base: readonly number[]) =>
		spread(ns.map((value, round) => (value - (base[round] ?? 0)) / (unit[round] ?? Number.NaN)));
	const lookupNs = spread(unit).median.toFixed(0);
	const figure = (id: string, ns: readonly number[], base: readonly number[]): Measured => {
		const { median, min, max } = ratio(ns, base);
		const peer = `hot lookup (${lookupNs} ns)`;
		return { id, value: median, min, max, rounds: ROUNDS, peer, services: SERVICES };
	};
	const net = (ns: readonly number[], base: readonly number[]) =>
		`${spread(ns.map((value, round) => value - (base[round] ?? 0))).median.toFixed(0)} ns`;
	const v6 = ratio(times.flow6, times.empty).median.toFixed(2);
	return [
		{
			...figure("D7", times.flow4, times.empty),
			note: `IPv4 ${net(times.flow4, times.empty)}; IPv6 ${net(times.flow6, times.empty)}, ${v6} lookups; a lookup ${lookupNs} ns`,
		},
		{ ...figure("D9", times.fresh, times.wrap), note: `${net(times.fresh, times.wrap)}` },
		{ ...figure("D10", times.foreign, times.empty), note: net(times.foreign, times.empty) },
	];
}
