import { type FaultSource, randomFaults, randomNumbers } from "../../../src/dataplane/faulty.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { present } from "../../unit/sync/histories.ts";
import type { Outcome } from "../../unit/sync/lookup.ts";
import type { MakeMaps } from "./fresh.ts";
import { LargeWorld } from "./large-world.ts";
import { leftovers } from "./maps.ts";
import { Process, REST } from "./process.ts";
import { refusing } from "./refuse.ts";
import { type Ask, askText, outcomes, Watcher } from "./watcher.ts";

/** How often a round has refused writes, how often one of its writes is, and how often the agent dies. */
const REFUSING = 0.3;
const REFUSED = 0.2;
const DYING = 0.7;
/** Stores that a change takes, about; deaths come within or shortly after. */
const STORES_PER_CHANGE = 12;

/** Many Services, changes, deaths and refused writes, all decided by one seed. */
export class LargeRun {
	readonly wrong: string[] = [];
	deaths = 0;
	refused = 0;
	looks = 0;
	readonly #make: MakeMaps;
	readonly #maps: SyncPorts;
	readonly #random: () => number;
	readonly #world: LargeWorld;
	readonly #source: FaultSource;
	#refuses = false;
	#watcher: Watcher | undefined;
	#agent: Process;
	#round = 0;

	constructor(services: number, seed: number, make: MakeMaps) {
		this.#make = make;
		this.#maps = make();
		this.#random = randomNumbers(seed);
		this.#world = new LargeWorld(services, this.#random);
		const faults = randomFaults(seed, REFUSED, { kind: "fail", code: "ENOMEM" });
		this.#source = (op, map) => {
			const fault = this.#refuses ? faults(op, map) : ({ kind: "none" } as const);
			if (fault.kind === "fail") this.refused++;
			return fault;
		};
		this.#agent = this.#newAgent();
	}

	async begin(): Promise<void> {
		await this.#agent.start(this.#world.objects());
	}

	/** Some things happen, and perhaps the agent dies of it, or writes are refused. */
	async round(): Promise<void> {
		this.#round++;
		const bystanders = this.#world.someAsks(3);
		const { changes, asks } = this.#world.happen();
		const watcher = this.#watch([...asks, ...bystanders]);
		this.#refuses = this.#random() < REFUSING;
		if (this.#refuses) for (const ask of asks) watcher.forgive(askText(ask));
		const dies = this.#random() < DYING;
		const stores = Math.floor(this.#random() * STORES_PER_CHANGE * changes.length);
		if (dies) this.#agent.dieAfter(stores);
		await this.#agent.step(changes);
		this.#refuses = false;
		if (dies) await this.#restart();
		await this.#agent.retry();
		if (this.#round % 4 === 0) await this.#agent.step(REST);
		this.#judge(watcher, [...asks, ...bystanders]);
	}

	/** Compares everything with a fresh start. */
	async compare(): Promise<void> {
		const fresh = new Process(this.#make());
		await fresh.start(this.#world.objects());
		const same = present(dumpMaps(this.#maps)) === present(fresh.dump());
		if (!same) this.#note("the maps are not as those of a fresh start");
	}

	/** Waits for all rests; what is in use then and not needed is wrong. */
	async end(): Promise<void> {
		for (let i = 0; i < 3; i++) await this.#agent.step(REST);
		for (const what of leftovers(this.#maps)) this.#note(what);
	}

	#newAgent(): Process {
		const onStore = (): void => this.#watcher?.look(this.#maps);
		return new Process(this.#maps, { onStore, seen: refusing(this.#maps, this.#source) });
	}

	async #restart(): Promise<void> {
		this.deaths++;
		this.#agent = this.#newAgent();
		await this.#agent.start(this.#world.objects());
	}

	/** Between what the maps say now and what the world says. */
	#watch(asks: readonly Ask[]): Watcher {
		const from = outcomes(this.#maps, asks);
		const [to, between, staying] = [this.#expected(asks), new Map(), new Map()];
		this.#watcher = new Watcher(asks, { from, to, between, staying });
		return this.#watcher;
	}

	#expected(asks: readonly Ask[]): Map<string, Outcome> {
		return new Map(
			asks.flatMap((ask) =>
				[0, 1].map((scope) => [`${askText(ask)} ${scope}`, this.#world.expected(ask)] as const),
			),
		);
	}

	#judge(watcher: Watcher, asks: readonly Ask[]): void {
		watcher.look(this.#maps);
		this.looks += watcher.looks;
		for (const { text } of watcher.wrong) this.#note(text);
		for (const [key, why] of this.#agent.syncer.trouble().failures) this.#note(`${key}: ${why}`);
		const seen = outcomes(this.#maps, asks);
		for (const [ask, expected] of this.#expected(asks)) {
			if (seen.get(ask) !== expected)
				this.#note(`${ask} ends as ${seen.get(ask)}, not ${expected}`);
		}
	}

	#note(what: string): void {
		this.wrong.push(`round ${this.#round}: ${what}`);
	}
}
