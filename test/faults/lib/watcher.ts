import type { Change, Service } from "../../../src/model/objects.ts";
import { PROTOCOL_NUMBER } from "../../../src/plan/protocols.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { lookup, type Outcome } from "../../unit/sync/lookup.ts";
import { type Incarnation, isLive, liveBackends } from "./maps.ts";

/** What clients can ask for. */
export interface Ask {
	readonly address: string;
	readonly port: number;
	readonly proto: number;
	/** Who asks, where not everybody may. */
	readonly client?: string;
}

/** Some are in source ranges of histories. */
const CLIENTS = ["192.0.2.1", "198.51.100.1", "203.0.113.200"];

/** All that was ever a frontend in these changes. */
export function asksOf(changes: readonly Change[]): Ask[] {
	const nodes = changes.flatMap(({ kind, object }) =>
		kind === "node" && object !== undefined ? object.addresses : [],
	);
	const asks = new Map<string, Ask>();
	for (const change of changes) {
		if (change.kind !== "service" || !change.object) continue;
		for (const ask of asksOfService(change.object, nodes)) asks.set(askText(ask), ask);
	}
	return [...asks.values()];
}

function asksOfService(service: Service, nodes: readonly string[]): Ask[] {
	const { clusterIPs, externalIPs, loadBalancerIPs } = service;
	return service.ports.flatMap(({ port, protocol, nodePort }) => {
		const proto = PROTOCOL_NUMBER[protocol];
		return [
			...[...clusterIPs, ...externalIPs].map((address) => ({ address, port, proto })),
			...loadBalancerIPs.flatMap((address) =>
				CLIENTS.map((client) => ({ address, port, proto, client })),
			),
			...(nodePort === 0 ? [] : nodes).map((address) => ({ address, port: nodePort, proto })),
		];
	});
}

export function askText({ address, port, proto, client = "" }: Ask): string {
	return `${address} ${port}/${proto}${client === "" ? "" : ` from ${client}`}`;
}

/** What every lookup meets. */
export function outcomes(maps: SyncPorts, asks: readonly Ask[]): Map<string, Outcome> {
	const seen = new Map<string, Outcome>();
	for (const ask of asks) {
		for (const scope of [0, 1]) {
			seen.set(`${askText(ask)} ${scope}`, lookup(maps, ask.address, { ...ask, scope }));
		}
	}
	return seen;
}

/** What some lookups may meet beside the old and the new. */
export type Between = ReadonlyMap<string, ReadonlySet<Outcome>>;

/** One change of the world: what lookups may meet while it becomes known, and what must go on. */
export interface Passage {
	readonly from: ReadonlyMap<string, Outcome>;
	readonly to: ReadonlyMap<string, Outcome>;
	readonly between: Between;
	/** Backends that it leaves alone. */
	readonly staying: ReadonlyMap<string, Incarnation>;
}

/** Backends that are live now and wanted afterwards as well. */
export function stayingBackends(
	now: SyncPorts,
	afterwards: ReadonlySet<string>,
): Map<string, Incarnation> {
	return new Map([...liveBackends(now)].filter(([key]) => afterwards.has(key)));
}

/** Something that no client may meet. */
export interface Wrong {
	/** What was asked for, and in which scope; absent: it is about connections that exist. */
	readonly ask?: string;
	readonly outcome?: Outcome;
	readonly text: string;
}

/** Looks at everything between any two stores, and writes down what no client may meet. */
export class Watcher {
	readonly #asks: readonly Ask[];
	readonly #passage: Passage;
	/** Lookups that have met the new; from then on it is all that they may meet. */
	readonly #arrived: Set<string>;
	readonly #forgiven = new Set<string>();
	/** Looks so far, each one lookup. */
	looks = 0;
	readonly wrong: Wrong[] = [];

	constructor(asks: readonly Ask[], passage: Passage, arrived: ReadonlySet<string> = new Set()) {
		this.#asks = asks;
		this.#passage = passage;
		this.#arrived = new Set(arrived);
	}

	/** The same watch over other maps, from here on. */
	fork(): Watcher {
		return new Watcher(this.#asks, this.#passage, this.#arrived);
	}

	/** The frontend may be missing for a while. */
	forgive(ask: string): void {
		for (const scope of [0, 1]) this.#forgiven.add(`${ask} ${scope}`);
		const kept = this.wrong.filter(({ ask = "", outcome = "" }) => !this.#isForgiven(ask, outcome));
		this.wrong.splice(0, this.wrong.length, ...kept);
	}

	#isForgiven(ask: string, outcome: Outcome): boolean {
		return outcome === "miss" && this.#forgiven.has(ask);
	}

	look(maps: SyncPorts): void {
		const { from, to, between, staying } = this.#passage;
		for (const [ask, outcome] of outcomes(maps, this.#asks)) {
			this.looks++;
			const old = this.#arrived.has(ask) ? undefined : from.get(ask);
			if (outcome === to.get(ask)) this.#arrived.add(ask);
			else if (
				outcome !== old &&
				!between.get(ask)?.has(outcome) &&
				!this.#isForgiven(ask, outcome)
			) {
				const text = `${ask} met ${outcome}; old: ${from.get(ask)}, new: ${to.get(ask)}`;
				this.wrong.push({ ask, outcome, text });
			}
		}
		for (const [key, incarnation] of staying) {
			if (isLive(maps, incarnation)) continue;
			this.wrong.push({ text: `flows to ${key} lost their backend` });
		}
	}
}
