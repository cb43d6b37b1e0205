import {
	type Fault,
	type FaultSource,
	faulty,
	isWrite,
	nthFault,
} from "../../../src/dataplane/faulty.ts";
import type { Cluster } from "../../../src/model/cluster.ts";
import { protocolName } from "../../../src/plan/protocols.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { present } from "../../unit/sync/histories.ts";
import { asksIn, type Fresh, freshStarts, type MakeMaps } from "./fresh.ts";
import type { History } from "./history.ts";
import { leftovers, mapEach } from "./maps.ts";
import { Process, REST } from "./process.ts";
import { type Ask, askText, outcomes, stayingBackends, Watcher } from "./watcher.ts";

/** What refused writes have shown. */
export interface RefusalTally {
	/** Runs of the history, each with one fault. */
	runs: number;
	looks: number;
	readonly wrong: string[];
}

const NONE: Fault = { kind: "none" };

/**
 * Lives a history once for each of its system calls that write, and has the kernel refuse that one.
 * Services that have nothing to do with it must be served as if nothing had happened, the one that
 * has must be told as failed, and the next retry must make everything right.
 */
export async function refuseEverywhere(
	history: History,
	make: MakeMaps,
	codes: readonly string[],
): Promise<RefusalTally> {
	const experiment = new Experiment(history, make, await freshStarts(history, make));
	const calls = await experiment.countCalls();
	for (let n = 1; n <= calls; n++) {
		for (const code of codes) await experiment.live(n, { kind: "fail", code });
	}
	return experiment.tally;
}

class Experiment {
	readonly tally: RefusalTally = { runs: 0, looks: 0, wrong: [] };
	readonly #history: History;
	readonly #make: MakeMaps;
	readonly #fresh: readonly Fresh[];
	readonly #asks: readonly Ask[];

	constructor(history: History, make: MakeMaps, fresh: readonly Fresh[]) {
		this.#history = history;
		this.#make = make;
		this.#fresh = fresh;
		this.#asks = asksIn(history);
	}

	/** System calls that write in the whole history. */
	async countCalls(): Promise<number> {
		let calls = 0;
		const count: FaultSource = (op) => {
			if (isWrite(op)) calls++;
			return NONE;
		};
		const process = new Process(refusing(this.#make(), count));
		await process.start([]);
		for (const step of this.#history.steps) await process.step(step);
		return calls;
	}

	/** The history with that fault at its nth call. */
	async live(n: number, fault: Extract<Fault, { kind: "fail" }>): Promise<void> {
		this.tally.runs++;
		const maps = this.#make();
		let refused = "";
		const nth = nthFault(n, fault);
		const source: FaultSource = (op, map) => {
			const what = nth(op, map);
			if (what.kind !== "none") refused = `${op} of ${map}`;
			return what;
		};
		let look = (): void => undefined;
		const process = new Process(refusing(maps, source), { onStore: () => look() });
		await process.start([]);
		for (const [number, fresh] of this.#fresh.entries()) {
			const watcher = this.#watch(maps, fresh);
			look = () => watcher.look(maps);
			const before = refused;
			const owners = this.#asks.map((ask) => ownerOf(process.cluster, ask));
			await process.step(this.#history.steps[number] ?? REST);
			const story = `${this.#history.name}, step ${number}, ${fault.code} at call ${n}`;
			if (refused !== before) {
				this.#judgeRefused(`${story} (${refused})`, process, fresh);
				this.#forgive(watcher, process, owners);
			}
			await process.retry();
			this.#judge(story, { maps, watcher, process }, fresh);
		}
		for (let i = 0; i < 3; i++) await process.step(REST);
		for (const what of leftovers(maps)) this.#note(`${fault.code} at call ${n}, rested`, what);
	}

	#watch(maps: SyncPorts, { outcomes: to, between, live }: Fresh): Watcher {
		const from = outcomes(maps, this.#asks);
		return new Watcher(this.#asks, { from, to, between, staying: stayingBackends(maps, live) });
	}

	/**
	 * May be missing: a frontend that its new Service could not take over and that is no longer the old
	 * one's, and those of a Service that is told as failed because there was no room for it.
	 */
	#forgive(watcher: Watcher, process: Process, before: readonly (string | undefined)[]): void {
		const { failures } = process.syncer.trouble();
		for (const [i, ask] of this.#asks.entries()) {
			const owner = ownerOf(process.cluster, ask);
			const hasNoRoom = owner !== undefined && /no room/.test(failures.get(owner) ?? "");
			if (owner !== before[i] || hasNoRoom) watcher.forgive(askText(ask));
		}
	}

	/** Frontends that are not as they should be belong to Services that are told as failed. */
	#judgeRefused(story: string, { syncer, cluster, maps }: Process, fresh: Fresh): void {
		const { failures } = syncer.trouble();
		const now = outcomes(maps, this.#asks);
		for (const ask of this.#asks) {
			const owner = ownerOf(cluster, ask);
			const isTold = owner === undefined ? failures.size > 0 : failures.has(owner);
			for (const scope of [0, 1]) {
				const key = `${askText(ask)} ${scope}`;
				if (now.get(key) === fresh.outcomes.get(key) || isTold) continue;
				this.#note(story, `${key} is not served and nothing says so`);
			}
		}
	}

	#judge(
		story: string,
		{ maps, watcher, process }: { maps: SyncPorts; watcher: Watcher; process: Process },
		fresh: Fresh,
	): void {
		watcher.look(maps);
		this.tally.looks += watcher.looks;
		for (const { text } of watcher.wrong) this.#note(story, text);
		const { failures, fullMaps } = process.syncer.trouble();
		if (failures.size + fullMaps.size > 0) {
			this.#note(story, `still in trouble: ${[...failures.values(), ...fullMaps].join(", ")}`);
		}
		const dump = present(dumpMaps(maps));
		if (dump !== fresh.dump) this.#note(story, `maps hold\n${dump}\nand not\n${fresh.dump}`);
	}

	#note(story: string, what: string): void {
		this.tally.wrong.push(`${this.#history.name}: ${story}: ${what}`);
	}
}

function ownerOf(cluster: Cluster, { address, port, proto }: Ask): string | undefined {
	return cluster.ownerOf({ address, port, protocol: protocolName(proto) ?? "TCP" });
}

/** The maps, with their system calls asking `source` what is to happen. */
export function refusing(maps: SyncPorts, source: FaultSource): SyncPorts {
	const isHash = new Set<keyof SyncPorts>(["frontends", "names", "tombstones"]);
	return mapEach(maps, (port, name) => (isHash.has(name) ? faulty(port, source) : port));
}
