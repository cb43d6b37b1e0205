/** Metrics: kube-proxy's names and buckets where they apply, and Sluice's own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { Family } from "../model/objects.ts";
import type { NoLocalEndpoints } from "../sync/status.ts";
import type { ProbeCounter } from "./handlers.ts";

/** Read when /metrics is asked for. */
export interface LiveCounters {
	/** Refused packets by reason, in lower case without DROP_. */
	readonly drops: ReadonlyMap<string, number>;
	/** Entries in use and room, by map. */
	readonly maps: ReadonlyMap<string, { readonly used: number; readonly size: number }>;
	readonly flowEntries: { readonly flows: number; readonly overflow: number };
	readonly halfOpen: number;
	readonly noLocalEndpoints: NoLocalEndpoints;
	readonly skipped: number;
	/** Failures of the sources of objects since the start, by what they are about. */
	readonly sourceFailures: ReadonlyMap<string, number>;
	readonly devices: { readonly served: number; readonly failed: number };
	readonly healthy: boolean;
}

/** 0.001 x 2^n, n = 0..14 */
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, n) => 0.001 * 2 ** n);
const steps = (from: number, to: number, step: number): number[] =>
	Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step);
const PROGRAMMING_BUCKETS = [
	0.25,
	0.5,
	...steps(1, 59, 1),
	...steps(60, 115, 5),
	...steps(120, 300, 30),
];

/** Longer than a scrape takes, shorter than the time between two. */
const SCRAPE_MS = 200;

export class Metrics implements ProbeCounter {
	readonly registry = new Registry();
	readonly #families: readonly Family[];
	readonly #sync: Histogram<"ip_family">;
	readonly #fullSync: Histogram<"ip_family">;
	readonly #partialSync: Histogram<"ip_family">;
	readonly #flowPass: Histogram<"ip_family">;
	readonly #flowsDeleted: Counter<"ip_family">;
	readonly #programming: Histogram<"ip_family">;
	readonly #lastSync: Gauge<"ip_family">;
	readonly #lastQueued: Gauge<"ip_family">;
	readonly #endpointChanges: Counter;
	readonly #serviceChanges: Counter;
	readonly #endpointsPending: Gauge;
	readonly #servicesPending: Gauge;
	readonly #probes: Readonly<Record<"healthz" | "livez", Counter<"code">>>;
	readonly #writes: Counter;
	readonly #failures: Counter;

	constructor(families: readonly Family[], read: () => LiveCounters) {
		this.#families = families;
		const registers = [this.registry];
		const familyGauge = (name: string, help: string) =>
			new Gauge({ name, help, labelNames: ["ip_family"], registers });
		const prefix = "kubeproxy_sync_proxy_rules";
		const times = (name: string, help: string, buckets?: number[]) =>
			familyHistogram(registers, { name: `kubeproxy_${name}_duration_seconds`, help, buckets });
		this.#sync = times("sync_proxy_rules", "Time of a sync");
		this.#fullSync = times("sync_full_proxy_rules", "Time of a sync of everything");
		this.#partialSync = times("sync_partial_proxy_rules", "Time of a sync of what has changed");
		this.#flowPass = times(
			"conntrack_reconciler_sync",
			"Time of a pass over the flow tables, pauses included; both families are one pass",
		);
		this.#flowsDeleted = new Counter({
			name: "kubeproxy_conntrack_reconciler_deleted_entries_total",
			help: "Entries of the flow tables that passes have deleted, both directions counted",
			labelNames: ["ip_family"],
			registers,
		});
		this.#programming = times(
			"network_programming",
			"Time from the cause of an endpoint change to the end of its sync",
			PROGRAMMING_BUCKETS,
		);
		this.#lastSync = familyGauge(
			`${prefix}_last_timestamp_seconds`,
			"When the last sync without failures ended",
		);
		this.#lastQueued = familyGauge(
			`${prefix}_last_queued_timestamp_seconds`,
			"When the last change came",
		);
		const counter = (name: string, help: string) => new Counter({ name, help, registers });
		this.#endpointChanges = counter(`${prefix}_endpoint_changes_total`, "EndpointSlice changes");
		this.#serviceChanges = counter(`${prefix}_service_changes_total`, "Service changes");
		const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
		const pending = "that wait for a sync";
		this.#endpointsPending = gauge(
			`${prefix}_endpoint_changes_pending`,
			`EndpointSlice changes ${pending}`,
		);
		this.#servicesPending = gauge(
			`${prefix}_service_changes_pending`,
			`Service changes ${pending}`,
		);
		const probes = (path: string) =>
			new Counter({
				name: `kubeproxy_proxy_${path}_total`,
				help: `Answers of /${path}`,
				labelNames: ["code"],
				registers,
			});
		this.#probes = { healthz: probes("healthz"), livez: probes("livez") };
		this.#writes = counter("sluice_map_writes_total", "Map entries written or removed by syncs");
		this.#failures = counter("sluice_sync_failures_total", "Services that could not be written");
		for (const code of ["200", "503"]) {
			this.#probes.healthz.inc({ code }, 0);
			this.#probes.livez.inc({ code }, 0);
		}
		addLiveGauges(registers, onceAWhile(read));
		collectDefaultMetrics({ register: this.registry });
	}

	count(path: "healthz" | "livez", code: string): void {
		this.#probes[path].inc({ code });
	}

	noteChanges(services: number, slices: number): void {
		this.#serviceChanges.inc(services);
		this.#endpointChanges.inc(slices);
		this.#servicesPending.inc(services);
		this.#endpointsPending.inc(slices);
		const now = Date.now() / 1000;
		for (const ip_family of this.#families) this.#lastQueued.set({ ip_family }, now);
	}

	/** A sync begins: it takes all changes that have come. */
	noteSyncBegin(): void {
		this.#servicesPending.set(0);
		this.#endpointsPending.set(0);
	}

	noteSync(sync: { seconds: number; full: boolean; writes: number; failures: number }): void {
		for (const ip_family of this.#families) {
			this.#sync.observe({ ip_family }, sync.seconds);
			const kind = sync.full ? this.#fullSync : this.#partialSync;
			kind.observe({ ip_family }, sync.seconds);
			if (sync.failures === 0) this.#lastSync.set({ ip_family }, Date.now() / 1000);
		}
		this.#writes.inc(sync.writes);
		this.#failures.inc(sync.failures);
	}

	/** A pass over the flow tables has ended. */
	noteFlowPass(pass: { seconds: number; deleted: Readonly<Record<Family, number>> }): void {
		for (const ip_family of this.#families) {
			this.#flowPass.observe({ ip_family }, pass.seconds);
			this.#flowsDeleted.inc({ ip_family }, pass.deleted[ip_family]);
		}
	}

	noteProgrammed(seconds: number): void {
		for (const ip_family of this.#families) this.#programming.observe({ ip_family }, seconds);
	}
}

function familyHistogram(
	registers: Registry[],
	{
		buckets = SYNC_BUCKETS,
		...named
	}: { name: string; help: string; buckets?: number[] | undefined },
): Histogram<"ip_family"> {
	return new Histogram({ ...named, buckets, labelNames: ["ip_family"], registers });
}

/** Every gauge of one scrape gets the same answer, and reading costs once. */
function onceAWhile(read: () => LiveCounters): () => LiveCounters {
	let last: LiveCounters | undefined;
	let readAt = Number.NEGATIVE_INFINITY;
	return () => {
		const now = performance.now();
		if (last === undefined || now - readAt > SCRAPE_MS) {
			last = read();
			readAt = now;
		}
		return last;
	};
}

function addLiveGauges(registers: Registry[], read: () => LiveCounters): void {
	const live = (name: string, help: string, value: (now: LiveCounters) => number) =>
		new Gauge({
			name,
			help,
			registers,
			collect() {
				this.set(value(read()));
			},
		});
	live("sluice_healthy", "1 while everything is well", ({ healthy }) => (healthy ? 1 : 0));
	live("sluice_objects_skipped", "Objects or parts of them not served", ({ skipped }) => skipped);
	live("sluice_flow_entries", "Entries in the flow table", (now) => now.flowEntries.flows);
	live("sluice_overflow_entries", "Entries in overflow", (now) => now.flowEntries.overflow);
	live(
		"sluice_half_open_flows",
		"TCP and SCTP flows in their handshake",
		({ halfOpen }) => halfOpen,
	);
	live("sluice_devices", "Devices served", ({ devices }) => devices.served);
	live("sluice_devices_failed", "Devices without programs", ({ devices }) => devices.failed);
	new Gauge({
		name: "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
		help: "Service ports with a Local policy and endpoints only elsewhere",
		labelNames: ["ip_family", "traffic_policy"],
		registers,
		collect() {
			for (const [traffic_policy, counts] of Object.entries(read().noLocalEndpoints)) {
				for (const [ip_family, count] of Object.entries(counts))
					this.set({ ip_family, traffic_policy }, count);
			}
		},
	});
	new Counter({
		name: "sluice_drops_packets_total",
		help: "Packets and calls refused, by reason",
		labelNames: ["reason"],
		registers,
		collect() {
			this.reset();
			for (const [reason, packets] of read().drops) this.inc({ reason }, packets);
		},
	});
	new Counter({
		name: "sluice_source_failures_total",
		help: "Failed requests to the API server, or failed looks at manifests",
		labelNames: ["resource"],
		registers,
		collect() {
			this.reset();
			for (const [resource, failures] of read().sourceFailures) this.inc({ resource }, failures);
		},
	});
	new Gauge({
		name: "sluice_map_used_ratio",
		help: "How full a map is",
		labelNames: ["map"],
		registers,
		collect() {
			for (const [map, { used, size }] of read().maps)
				this.set({ map }, size === 0 ? 0 : used / size);
		},
	});
}
