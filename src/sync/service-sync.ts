import { reasonOf } from "../errors.ts";
import type { Cluster, ServiceView } from "../model/cluster.ts";
import type { ObjectKey } from "../model/objects.ts";
import { type DesiredPort, desiredPorts, identityKey } from "../plan/desired.ts";
import type { Write } from "../plan/order.ts";
import { noteAddresses } from "../plan/plan-node.ts";
import { hasFrontend, planPort, settlePort } from "../plan/plan-port.ts";
import type { PortRecord } from "../plan/record.ts";
import type { State } from "../plan/state.ts";
import type { TupleKey } from "../plan/tuple.ts";
import type { Applier } from "./applier.ts";
import type { Failures } from "./failures.ts";
import { handOverKeys, heirOf } from "./hand-over.ts";
import type { Slicer } from "./slicer.ts";

/** One run under way. */
export interface Run {
	/** Services that it has still to look at. */
	readonly pending: Set<ObjectKey>;
	/** Services that still have frontends which pending ones are to take over: looked at once more. */
	readonly passing: Set<ObjectKey>;
	readonly triggers: number[];
	readonly slicer: Slicer;
}

/** One service port to be brought up to date. */
interface PortWork {
	readonly record: PortRecord;
	/** undefined: it goes. */
	readonly desired?: DesiredPort;
	/** Frontends that another is about to take over. */
	readonly passesOn?: (key: TupleKey) => boolean;
}

export interface ServiceSyncParts {
	readonly state: State;
	readonly cluster: Cluster;
	readonly applier: Applier;
	/** Told of each Service how it went. */
	readonly failures: Failures;
	/** ms; see Timing. */
	readonly now: () => number;
}

/** Brings one Service's entries up to date. */
export class ServiceSync {
	readonly #state: State;
	readonly #cluster: Cluster;
	readonly #applier: Applier;
	readonly #failures: Failures;
	readonly #now: () => number;

	constructor({ state, cluster, applier, failures, now }: ServiceSyncParts) {
		this.#state = state;
		this.#cluster = cluster;
		this.#applier = applier;
		this.#failures = failures;
		this.#now = now;
	}

	/** Takes the Service out of the run's pending ones and brings its ports up to date. */
	async run(key: ObjectKey, run: Run): Promise<void> {
		run.pending.delete(key);
		const full = new Set<string>();
		try {
			const triggers = this.#cluster.takeTriggers(key);
			const view = this.#cluster.view(key);
			const ports = view ? desiredPorts(view) : [];
			const wanted = await this.#syncPorts(ports, full, run);
			for (const record of this.#state.recordsOf(key)) {
				if (wanted.has(record)) continue;
				for (const heir of handOverKeys(record, this.#cluster)) {
					if (run.pending.has(heir)) await this.run(heir, run);
				}
				await this.#syncPort({ record }, full, run);
			}
			this.#noteAddresses(key, view, ports);
			run.triggers.push(...triggers);
			this.#failures.note(key, full);
		} catch (error) {
			this.#failures.note(key, full, reasonOf(error));
		}
	}

	#noteAddresses(
		service: ObjectKey,
		view: ServiceView | undefined,
		ports: readonly DesiredPort[],
	): void {
		const answering = ports.filter(({ cluster }) => cluster.length > 0);
		const addresses = {
			service,
			clusterIPs: view?.service.clusterIPs ?? [],
			loadBalancerIPs: view?.service.loadBalancerIPs ?? [],
			answering: new Set(answering.map(({ identity }) => identity.family)),
		};
		noteAddresses(this.#state, addresses);
	}

	async #syncPorts(
		ports: readonly DesiredPort[],
		full: Set<string>,
		run: Run,
	): Promise<Set<PortRecord>> {
		const wanted = new Set<PortRecord>();
		const passed: PortWork[] = [];
		for (const desired of ports) {
			const record = this.#recordFor(desired);
			if (!record) {
				full.add("services");
				continue;
			}
			wanted.add(record);
			const toOthers = (key: TupleKey) => this.#passesOn(record, key, run);
			// A port that is up next may take over what this one had.
			let within = false;
			const passesOn = (key: TupleKey) => {
				if (toOthers(key)) return true;
				const passes = ports.some((port) => hasFrontend(port, key));
				within ||= passes;
				return passes;
			};
			await this.#syncPort({ record, desired, passesOn }, full, run);
			if (within) passed.push({ record, desired, passesOn: toOthers });
		}
		for (const port of passed) await this.#syncPort(port, full, run);
		return wanted;
	}

	#recordFor(desired: DesiredPort): PortRecord | undefined {
		const known = this.#state.records.get(identityKey(desired.identity));
		if (known) return known;
		const id = this.#state.takeService();
		return id === undefined ? undefined : this.#state.addRecord(desired.identity, id);
	}

	async #syncPort(port: PortWork, full: Set<string>, run: Run): Promise<void> {
		const { record, desired, passesOn } = port;
		const { writes, shortages } = planPort(this.#state, record, desired, passesOn);
		for (const map of shortages) full.add(map);
		if (writes.length === 0) return;
		try {
			await this.#write(writes, full, run);
		} finally {
			settlePort(this.#state, record, this.#now());
		}
	}

	async #write(writes: readonly Write[], full: Set<string>, { slicer }: Run): Promise<void> {
		for (const map of await this.#applier.all(writes, this.#now(), slicer)) full.add(map);
	}

	#passesOn(record: PortRecord, key: TupleKey, { pending, passing }: Run): boolean {
		const heir = heirOf(record, key, this.#cluster);
		const isPending = heir !== undefined && pending.has(heir);
		if (isPending) passing.add(record.service);
		return isPending;
	}
}
