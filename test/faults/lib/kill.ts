import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { present } from "../../unit/sync/histories.ts";
import { asksIn, type Fresh, freshStarts, type MakeMaps } from "./fresh.ts";
import type { History } from "./history.ts";
import { copyInto, countTraffic, leftovers } from "./maps.ts";
import { Process, REST } from "./process.ts";
import { type Ask, outcomes, stayingBackends, Watcher } from "./watcher.ts";

/** What killing a process everywhere has shown. */
export interface Tally {
	/** Deaths, each followed by a new process. */
	deaths: number;
	/** Lookups between two stores. */
	looks: number;
	/** What was not as it must be; the first of them tells most. */
	readonly wrong: string[];
}

export interface KillOptions {
	readonly make: MakeMaps;
	/** Of how many deaths of a recovering process one is tried; 0: none. */
	readonly everyNthAgain: number;
	/** What each process is given in place of the maps; default: the maps themselves. */
	readonly handles?: (maps: SyncPorts) => SyncPorts;
	/** Called with maps that are no longer needed. */
	readonly dispose?: (maps: SyncPorts) => void;
}

/** The maps that a dead process left, and what clients had seen of the change by then. */
interface Remains {
	readonly maps: SyncPorts;
	readonly watcher: Watcher;
	readonly story: string;
}

/**
 * Lives a history once, from empty maps on. After every single store a copy of the maps becomes the
 * remains of a process that died there. A new process takes each over: it must end where a fresh
 * start ends, and no lookup meanwhile may meet anything but the old and the new.
 */
export async function killEverywhere(history: History, options: KillOptions): Promise<Tally> {
	const experiment = new Experiment(history, options);
	await experiment.run();
	return experiment.tally;
}

class Experiment {
	readonly tally: Tally = { deaths: 0, looks: 0, wrong: [] };
	readonly #history: History;
	readonly #make: MakeMaps;
	readonly #everyNthAgain: number;
	readonly #asks: readonly Ask[];
	readonly #handles: (maps: SyncPorts) => SyncPorts;
	readonly #dispose: (maps: SyncPorts) => void;
	#again = 0;

	constructor(history: History, options: KillOptions) {
		const { make, everyNthAgain } = options;
		this.#history = history;
		this.#make = make;
		this.#everyNthAgain = everyNthAgain;
		this.#asks = asksIn(history);
		this.#handles = options.handles ?? ((maps) => maps);
		this.#dispose = options.dispose ?? (() => undefined);
	}

	async run(): Promise<void> {
		let onStore = (): void => undefined;
		const maps = this.#make();
		const first = this.#process(maps, () => onStore());
		await first.start([]);
		for (const [number, fresh] of (await freshStarts(this.#history, this.#make)).entries()) {
			countTraffic(maps);
			const watcher = this.#watch(maps, fresh);
			const remains: Remains[] = [];
			const die = (): void => {
				const story = `${this.#history.name}: died in step ${number} at store ${remains.length}`;
				remains.push({ maps: copyInto(this.#make(), maps), watcher: watcher.fork(), story });
			};
			onStore = () => {
				watcher.look(maps);
				die();
			};
			die();
			await first.step(this.#history.steps[number] ?? REST);
			this.#judge(`${this.#history.name}: step ${number}`, { maps, watcher }, fresh);
			for (const one of remains) await this.#recover(one, fresh, this.#everyNthAgain > 0);
		}
	}

	#process(maps: SyncPorts, onStore: () => void): Process {
		return new Process(maps, { onStore, seen: this.#handles(maps) });
	}

	/** The world has changed and nobody has noticed it yet. */
	#watch(maps: SyncPorts, { outcomes: to, between, live }: Fresh): Watcher {
		const from = outcomes(maps, this.#asks);
		return new Watcher(this.#asks, { from, to, between, staying: stayingBackends(maps, live) });
	}

	async #recover(one: Remains, fresh: Fresh, mayDieAgain: boolean): Promise<void> {
		const { maps, watcher, story } = one;
		this.tally.deaths++;
		const again: Remains[] = [];
		const onStore = (): void => {
			watcher.look(maps);
			if (!mayDieAgain || this.#again++ % this.#everyNthAgain !== 0) return;
			const more = `${story}, the next one in between`;
			again.push({ maps: copyInto(this.#make(), maps), watcher: watcher.fork(), story: more });
		};
		const { objects } = fresh;
		const next = this.#process(maps, onStore);
		await next.start(this.tally.deaths % 2 === 1 ? [...objects].reverse() : objects);
		this.#judge(story, one, fresh);
		const third = this.#process(maps, onStore);
		await third.start(objects);
		if (third.stores > 0) this.#note(story, `a second look makes ${third.stores} stores`);
		for (let i = 0; i < 3; i++) await third.step(REST);
		this.#judge(`${story}, rested`, one, fresh);
		for (const what of leftovers(maps)) this.#note(`${story}, rested`, what);
		this.#dispose(maps);
		for (const dead of again) await this.#recover(dead, fresh, false);
	}

	#judge(story: string, { maps, watcher }: Omit<Remains, "story">, fresh: Fresh): void {
		watcher.look(maps);
		this.tally.looks += watcher.looks;
		watcher.looks = 0;
		for (const { text } of watcher.wrong.splice(0)) this.#note(story, text);
		const dump = present(dumpMaps(maps));
		if (dump !== fresh.dump) this.#note(story, `maps hold\n${dump}\nand not\n${fresh.dump}`);
	}

	#note(story: string, what: string): void {
		this.tally.wrong.push(`${story}: ${what}`);
	}
}
