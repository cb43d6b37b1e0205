import { fileURLToPath } from "node:url";

import {
	type Addon,
	type BpfMap,
	type BpfObject,
	type BpfProgram,
	loadAddon,
} from "../../src/dataplane/addon.ts";
import { setFilterMask } from "../../src/dataplane/loader.ts";
import { configVariables, probeFeatures } from "../../src/dataplane/probe.ts";
import { Table } from "../../src/dataplane/table.ts";
import { toChange } from "../../src/kube/change.ts";
import { Interner } from "../../src/kube/intern.ts";
import {
	Flow,
	FlowKey,
	Forwarding,
	MAPS,
	type MapName,
	Settings,
} from "../../src/layout/structs.ts";
import { Cluster } from "../../src/model/cluster.ts";
import { Syncer, type SyncerOptions } from "../../src/sync/syncer.ts";
import { command } from "../../test/lib/net/command.ts";
import { endpointAddresses, makeService, type ServiceObjects } from "./objects.ts";

const BENCH = fileURLToPath(new URL("../bpf", import.meta.url));
const OBJECT = fileURLToPath(new URL("../../build/bench/bench.bpf.o", import.meta.url));

/** Longer than any benchmark, in jiffies of any HZ. */
const FOR_EVER = 1n << 32n;

/** The benchmarks' object, loaded and attached to nothing, its maps filled by the agent's own code. */
export class BenchDatapath {
	readonly cluster = new Cluster("bench");
	readonly flows: Table<FlowKey, Flow>;
	readonly #interner = new Interner();
	readonly #object: BpfObject;

	private constructor(object: BpfObject) {
		this.#object = object;
		this.flows = new Table(this.map("flows"), FlowKey, Flow);
	}

	/** Loads an object of bench/bpf; default: this tree's, compiled first. */
	static load(path = compile()): BenchDatapath {
		const addon = loadAddon();
		const object = addon.BpfObject.open(path);
		setVariables(addon, object);
		setFilterMask(object);
		object.load();
		return new BenchDatapath(object);
	}

	close(): void {
		this.#object.close();
	}

	program(name: string): BpfProgram {
		return this.#object.program(name);
	}

	map(name: MapName | `bench_${string}`): BpfMap {
		return this.#object.map(name);
	}

	/** A syncer over the maps, which has adopted what they hold. */
	async syncer(options: SyncerOptions = {}): Promise<Syncer> {
		const names = Object.keys(MAPS) as MapName[];
		const ports = Object.fromEntries(names.map((name) => [name, this.map(name)]));
		const syncer = new Syncer(this.cluster, ports as Record<MapName, BpfMap>, options);
		await syncer.adopt();
		this.#writeSettings(syncer.filterMask);
		return syncer;
	}

	/** Puts objects into the model. */
	apply(objects: readonly ServiceObjects[]): void {
		for (const { service, slice } of objects) {
			this.cluster.apply([
				toChange("Service", service, this.#interner),
				toChange("EndpointSlice", slice, this.#interner),
			]);
		}
	}

	/** Puts the IPv4 Services with numbers from `first` to `end` - 1 into the model. */
	applyMany(first: number, end: number, endpoints: number): void {
		for (let number = first; number < end; number++) {
			this.apply([makeService(number, endpointAddresses(number, endpoints))]);
		}
	}

	/** Flows through the stack, never too old, no cap on half-open ones. */
	#writeSettings(filterMask: number): void {
		const view = new DataView(this.map("settings").memory());
		const changed = {
			timeout: Array.from({ length: 8 }, () => FOR_EVER),
			forwarding: Forwarding.FORWARDING_STACK,
			filter_mask: filterMask,
		};
		Settings.encode({ ...Settings.decode(view, 0), ...changed }, view, 0);
	}
}

function compile(): string {
	command(["make", "-s", "-C", BENCH]);
	return OBJECT;
}

/** Those of bpf/config.h that the object has; the compiler leaves out what no program reads. */
function setVariables(addon: Addon, object: BpfObject): void {
	for (const [name, value] of Object.entries(configVariables(probeFeatures(addon)))) {
		object.setVariable(name, value);
	}
}
