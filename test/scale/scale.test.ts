import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { memory } from "../../bench/agent/process.ts";
import { TARGET_PORT } from "../../bench/lib/objects.ts";
import { percentile } from "../../bench/programming/percentile.ts";
import { Cluster } from "../cluster/lib/cluster.ts";
import { service } from "../cluster/lib/objects.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { RunningProcess } from "../lib/net/process.ts";
import { Load, serve, type Target } from "../lib/net/traffic.ts";
import { until } from "../lib/until.ts";
import { Bulk, type Size } from "./lib/bulk.ts";
import { fastChurn, steadyChurn } from "./lib/churn.ts";
import { type Settled, settledMemory } from "./lib/heap.ts";
import { differenceFromFresh, type Use, useOf } from "./lib/maps.ts";
import { longestStallMs } from "./lib/metrics.ts";

const LONG = process.env.SLUICE_TEST_LONG === "1";
const SIZES: readonly Size[] = LONG
	? [
			{ services: 10_000, endpoints: 10 },
			{ services: 50_000, endpoints: 5 },
		]
	: [{ services: 2000, endpoints: 10 }];
const PER_SECOND = 20;
const SECONDS = LONG ? 600 : 20;
/** An hour's worth at that pace, or a tenth of it. */
const FAST_CHANGES = LONG ? 72_000 : 7200;
/** Parts of them, with a rest in between in which ids and slots are given back. */
const PARTS = LONG ? 10 : 4;
/**
 * What all parts after the first may add, in MiB. Of the heap, with all garbage collected: a leak of
 * 32 bytes per change of the long form would be 2 MiB. Of the resident memory more, since allocators
 * keep what they have been given.
 */
const HEAP_GROWTH = 2;
const RESIDENT_GROWTH = 16;
/** Ids rest, and flows have to expire, before they are given back. */
const SETTLE_MS = 60_000;
/** However busy the machine is. */
const START_LIMIT_MS = 300_000;
const FLAGS = ["--socket-lb=off", "--flow-timeouts=tcp-closed=2s"];

for (const size of SIZES) {
	const { services, endpoints } = size;
	describe(`${services} Services with ${services * endpoints} endpoints`, () => {
		const bulk = new Bulk(size);
		const target: Target = { address: "10.96.0.20", port: 80, protocol: "TCP" };
		let cluster: Cluster;
		let agent: RunningProcess;
		let maps: LiveMaps;
		let load: Load;
		let startSec = 0;

		const node = () => cluster.lab.node(1);

		before(async () => {
			cluster = await Cluster.create({ pods: { shop: 1, web: 1 } });
			const web = cluster.lab.pod("web");
			await serve(web.place, web.name, TARGET_PORT);
			const ports = [{ name: "tcp", protocol: "TCP", port: 80, targetPort: 8080 }] as const;
			const more = { clusterIPs: [target.address, "fd00:96::14"], selector: { app: "web" } };
			await cluster.plane.api.create(service("web", ports, more));
			await cluster.addPod(web, { app: "web" });
			await bulk.store(cluster, LONG && services <= 10_000 ? "api" : "etcd");
			const start = performance.now();
			agent = await cluster.startAgent(node(), FLAGS, START_LIMIT_MS);
			startSec = (performance.now() - start) / 1000;
			maps = new LiveMaps(node().pinPath);
		});

		after(() => cluster?.close());

		test("all are in the maps when the agent says that it is healthy", async (t) => {
			assert.equal(await differenceFromFresh(cluster, node()), "");
			const { now, peak } = memory(agent.pid);
			t.diagnostic(
				`measured: ${services} services: healthy after ${startSec.toFixed(1)} s, ${now.toFixed(0)} MiB ` +
					`resident (most ${peak.toFixed(0)}), longest stall ${longestStallMs(node()).toFixed(0)} ms`,
			);
			load = await Load.start(cluster.lab.pod("shop").place, target, {
				fresh: true,
				intervalUs: 5000,
			});
		});

		test(`each of ${PER_SECOND} endpoint changes a second for ${SECONDS} s gets into the maps`, async (t) => {
			const delays = await steadyChurn(
				{ cluster, bulk, maps },
				{ perSecond: PER_SECOND, seconds: SECONDS },
			);
			assert.equal(delays.length, PER_SECOND * SECONDS);
			assert.equal(await differenceFromFresh(cluster, node()), "");
			const [median, late] = [50, 99].map((percent) => percentile(delays, percent).toFixed(1));
			t.diagnostic(
				`measured: ${services} services: ${delays.length} changes in the maps ${median} ms after the API ` +
					`server's answer (99 %: ${late} ms), longest stall ${longestStallMs(node()).toFixed(0)} ms, ` +
					`${memory(agent.pid).now.toFixed(0)} MiB resident`,
			);
		});

		test(`memory, ids and slots do not grow with ${FAST_CHANGES} changes`, async (t) => {
			const start = performance.now();
			const marks: (Use & Settled)[] = [];
			for (let part = 0; part < PARTS; part++) {
				await fastChurn({ cluster, bulk, maps }, FAST_CHANGES / PARTS);
				marks.push({ ...useOf(node()), ...settledMemory(node(), agent) });
				await until("ids have been given back", allGivenBack, SETTLE_MS);
			}
			const seconds = (performance.now() - start) / 1000;
			const row = (key: keyof (typeof marks)[0]) => marks.map((mark) => mark[key].toFixed(0));
			t.diagnostic(
				`measured: ${services} services: ${FAST_CHANGES} changes in ${seconds.toFixed(0)} s, after each ` +
					`${FAST_CHANGES / PARTS} of them: heap ${row("heap")} MiB, resident ${row("rss")} MiB, highest ` +
					`slot ${row("highestSlot")}, highest backend id ${row("highestBackend")}`,
			);
			const [first, last] = [marks[0], marks.at(-1)];
			assert.ok(first && last);
			assert.ok(last.heap - first.heap < HEAP_GROWTH);
			assert.ok(last.rss - first.rss < RESIDENT_GROWTH);
			// Whatever the pace: what is live, and what one part writes before ids and slots are given back.
			const slots = (services + FAST_CHANGES / PARTS) * endpoints;
			assert.ok(last.highestSlot <= slots * 1.1, `slots up to ${last.highestSlot} are in use`);
			assert.ok(last.highestBackend <= first.highestBackend * 1.05);
		});

		test("no request failed meanwhile, and nothing of the past is left", async () => {
			const { failed, errors, ok } = await load.stop();
			assert.equal(failed, 0, JSON.stringify(errors));
			assert.ok(ok > 1000);
			await until("all flows have expired", () => maps.count("flows") === 0, SETTLE_MS);
			await until("ids have been given back", allGivenBack, SETTLE_MS);
			assert.equal(await differenceFromFresh(cluster, node()), "");
		});

		const allGivenBack = (): boolean => {
			const { owned, live } = useOf(node());
			return owned === live;
		};
	});
}
