/** The kernel's clock as the programs see it: jiffies, and how many of them make a second. */
import { setTimeout as delay } from "node:timers/promises";
import type { BpfProgram } from "./addon.ts";

/** What bpf/clock_probe.bpf.c writes: bpf_jiffies64() and bpf_ktime_get_ns(). */
export interface ClockReading {
	readonly jiffies: bigint;
	readonly timeNs: bigint;
}

const ETHERNET_MIN = 14;
const READING_SIZE = 16;

/** What kernels of x86 and ARM can be built with; far enough apart for a short measurement. */
const KNOWN_HZ = [100, 250, 300, 1000];

export function readClock(probe: BpfProgram): ClockReading {
	const data = new Uint8Array(Math.max(ETHERNET_MIN, READING_SIZE));
	const result = probe.testRun({ data, dataOutSize: data.length });
	const view = new DataView(result.data.buffer, result.data.byteOffset, READING_SIZE);
	return { jiffies: view.getBigUint64(0, true), timeNs: view.getBigUint64(8, true) };
}

/** Measures HZ over a fifth of a second or more. */
export async function measureHz(probe: BpfProgram): Promise<number> {
	const first = readClock(probe);
	await delay(200);
	return hzBetween(first, readClock(probe));
}

/** The known HZ nearest to what two readings say. */
export function hzBetween(first: ClockReading, second: ClockReading): number {
	const seconds = Number(second.timeNs - first.timeNs) / 1e9;
	const measured = Number(second.jiffies - first.jiffies) / seconds;
	return KNOWN_HZ.reduce((best, hz) =>
		Math.abs(hz - measured) < Math.abs(best - measured) ? hz : best,
	);
}
