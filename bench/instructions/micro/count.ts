/**
 * Runs inside a counted guest, where a nanosecond is an instruction: prints one line of JSON per
 * kind of packet with the instructions of one run, less those of an empty program's.
 */
import type { BpfProgram } from "../../../src/dataplane/addon.ts";
import { BenchDatapath } from "../../lib/datapath.ts";
import { SYN, tcpPacket } from "../../packet/packets.ts";
import { aimFresh, endFresh, foreignTuple, prepareMaps } from "../../packet/setting.ts";
import { type Case, flowCases, passedCases } from "./cases.ts";

const SERVICES = 1000;
const ENDPOINTS = 10;
const CALLS = 20;
const FLOWS_ALIVE = 16_384;
const BURST = 2048;

type Run = Pick<Case, "packet" | "context" | "action" | "repeats">;

async function main(): Promise<void> {
	const datapath = BenchDatapath.load();
	datapath.applyMany(0, SERVICES, ENDPOINTS);
	const syncer = await datapath.syncer();
	await syncer.syncOnce();
	prepareMaps(datapath);
	const foreign = tcpPacket({ ...foreignTuple(datapath), flags: SYN });
	const plain = { name: "", packet: foreign, action: -1, repeats: 20_000 } as const;
	const empty = average(datapath.program("bench_empty"), plain);
	const emptyFew = average(datapath.program("bench_empty"), { ...plain, repeats: 60 });
	say("hot lookup", average(datapath.program("bench_lookup"), plain) - empty);
	const passed = passedCases(datapath);
	for (const each of passed) say(`${each.name}`, count(datapath, each) - empty);
	for (const each of flowCases(datapath)) {
		say(each.name, count(datapath, each) - (each.repeats < 1000 ? emptyFew : empty));
	}
	say("new flow", fresh(datapath));
	for (const each of passed) say(`flows alive: ${each.name}`, count(datapath, each) - empty);
	datapath.close();
}

function count(datapath: BenchDatapath, one: Case): number {
	return average(datapath.program(one.program), one);
}

function fresh(datapath: BenchDatapath): number {
	const first = foreignTuple(datapath);
	const packet = tcpPacket({ ...first, flags: SYN });
	const one = { packet, action: -1, repeats: BURST } as const;
	const [make, wrap] = [datapath.program("bench_fresh"), datapath.program("bench_wrap")];
	aimFresh(datapath);
	run(make, { ...one, repeats: FLOWS_ALIVE });
	let sum = 0;
	const bursts = 4;
	for (let burst = 0; burst < bursts; burst++) {
		sum += run(make, one);
		endFresh(datapath, BURST);
	}
	return sum / bursts - run(wrap, one);
}

/** The median of CALLS, the first of which warms up. */
function average(program: BpfProgram, one: Run): number {
	const all = Array.from({ length: CALLS }, () => run(program, one)).slice(1);
	return all.sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
}

function run(program: BpfProgram, { packet: data, context, action, repeats: repeat }: Run): number {
	const { retval, durationNs } = program.testRun({
		data,
		...(context && { context }),
		repeat,
	});
	if ((retval | 0) !== action) throw new Error(`${program.info.name} answered ${retval | 0}`);
	return durationNs;
}

function say(name: string, value: number): void {
	process.stdout.write(`${JSON.stringify({ count: name, value: Math.round(value) })}\n`);
}

await main();
