import { performance } from "node:perf_hooks";

import type { WriteTarget } from "../../src/sync/maps.ts";
import type { Syncer } from "../../src/sync/syncer.ts";
import { BenchDatapath } from "../lib/datapath.ts";
import type { Outcome } from "../lib/figure.ts";
import { endpointAddresses, makeService } from "../lib/objects.ts";
import type { Progress, Section } from "../lib/section.ts";
import { type Spread, spread } from "../lib/statistics.ts";

const FEW = 10;
const MANY = 10_000;
const ENDPOINTS = 10;
/** Changes before those that count, and those that do. */
const WARM_UP = 200;
const CHANGES = 1000;
/** Ids and slots rest for a second after their last use: changes spread over services, as in life. */
const STRIDE = 7;

/** Counts and times what the syncer writes. */
class Meter implements WriteTarget {
	writes = 0;
	/** Spent in writing, in microseconds. */
	us = 0;
	readonly #target: WriteTarget;

	constructor(target: WriteTarget) {
		this.#target = target;
	}

	apply(write: Parameters<WriteTarget["apply"]>[0]): void {
		const start = performance.now();
		this.#target.apply(write);
		this.us += (performance.now() - start) * 1000;
		this.writes++;
	}
}

interface Metered {
	readonly syncer: Syncer;
	readonly meter: Meter;
}

/** What a change costs at the maps, and what a restart without changes writes. */
export const programmingSection: Section = {
	title: "programming the maps",
	ids: ["P3", "P4"],
	async run(progress) {
		const datapath = BenchDatapath.load();
		try {
			return await measure(datapath, progress);
		} finally {
			datapath.close();
		}
	},
};

async function measure(datapath: BenchDatapath, progress: Progress): Promise<Outcome[]> {
	datapath.applyMany(0, FEW, ENDPOINTS);
	const first = await meteredSyncer(datapath);
	await first.syncer.syncOnce();
	progress(`${CHANGES} changes at ${FEW} services`);
	const few = await changes(datapath, first, FEW);
	progress(`${MANY} services x ${ENDPOINTS} endpoints`);
	datapath.applyMany(FEW, MANY, ENDPOINTS);
	await first.syncer.syncOnce();
	progress(`${CHANGES} changes at ${MANY} services`);
	const many = await changes(datapath, first, MANY);
	progress("a second syncer over the same maps");
	const second = await meteredSyncer(datapath);
	await second.syncer.syncOnce();
	return [changeOutcome(few, many), restartOutcome(second.meter.writes)];
}

async function meteredSyncer(datapath: BenchDatapath): Promise<Metered> {
	const meters: Meter[] = [];
	const intercept = (target: WriteTarget): WriteTarget => {
		const meter = new Meter(target);
		meters.push(meter);
		return meter;
	};
	const syncer = await datapath.syncer({ intercept });
	const [meter] = meters;
	if (meter === undefined) throw new Error("the syncer writes past the meter");
	return { syncer, meter };
}

/** Microseconds, and number of writes, of one change. */
interface Costs {
	readonly map: Spread;
	readonly whole: Spread;
	readonly writes: Spread;
}

/** Replaces one endpoint of one service after the other. */
async function changes(datapath: BenchDatapath, metered: Metered, services: number) {
	const map: number[] = [];
	const whole: number[] = [];
	const writes: number[] = [];
	for (let i = 0; i < WARM_UP + CHANGES; i++) {
		const { us, wholeUs, count } = await oneChange(datapath, metered, {
			number: (i * STRIDE) % services,
			round: i,
		});
		if (i < WARM_UP) continue;
		map.push(us);
		whole.push(wholeUs);
		writes.push(count);
	}
	return { map: spread(map), whole: spread(whole), writes: spread(writes) };
}

async function oneChange(
	datapath: BenchDatapath,
	{ syncer, meter }: Metered,
	{ number, round }: { number: number; round: number },
) {
	const [, ...kept] = endpointAddresses(number, ENDPOINTS);
	const fresh = `10.${64 + (round >> 16)}.${(round >> 8) & 255}.${round & 255}`;
	datapath.apply([makeService(number, [...kept, fresh])]);
	meter.us = 0;
	meter.writes = 0;
	const start = performance.now();
	await syncer.syncOnce();
	const wholeUs = (performance.now() - start) * 1000;
	if (meter.writes === 0) throw new Error(`a change of service ${number} wrote nothing`);
	return { us: meter.us, wholeUs, count: meter.writes };
}

function changeOutcome(few: Costs, many: Costs): Outcome {
	const { median, min, max } = many.map;
	const us = (costs: Costs) => `${costs.map.median.toFixed(1)} us`;
	return {
		id: "P3",
		value: median,
		min,
		max,
		rounds: CHANGES,
		services: MANY,
		note:
			`one endpoint replaced: ${many.writes.median} writes; at ${FEW} services ${us(few)}, at ${MANY} ${us(many)}; ` +
			`with the planning ${few.whole.median.toFixed(0)} and ${many.whole.median.toFixed(0)} us`,
	};
}

function restartOutcome(writes: number): Outcome {
	return {
		id: "P4",
		value: writes,
		min: writes,
		max: writes,
		rounds: 1,
		services: MANY,
		note: "a second syncer adopts the maps of the first and runs once over the same objects",
	};
}
