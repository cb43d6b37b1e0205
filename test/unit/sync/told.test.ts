import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "../../../src/dataplane/faulty.ts";
import { createLogger } from "../../../src/log.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import { HealthState } from "../../../src/serve/health.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import { refusing } from "../../faults/lib/refuse.ts";
import { service, slice } from "../../lib/objects.ts";
import { until } from "../../lib/until.ts";
import { Agent, NODE, smallMaps } from "./lib.ts";
import { lookup } from "./lookup.ts";
import { ownMetrics, syncLoop } from "./loop.ts";

const FAIL: Fault = { kind: "fail", code: "ENOMEM" };

test("nothing is written or removed before all objects have been listed", async (t) => {
	const maps = smallMaps();
	const before = await Agent.start(maps, [service("old", "10.96.0.9", ["http:80/TCP"])]);
	const cluster = new Cluster(NODE);
	const health = new HealthState(["IPv4"], 60_000);
	const log = await createLogger({ verbosity: 0, pretty: false, destination: { write: () => 0 } });
	const syncer = new Syncer(cluster, maps);
	await syncer.adopt();
	const loop = syncLoop({ cluster, syncer, health, log });
	t.after(() => loop.stop());
	const dump = before.dump();
	loop.onChanges([service("web", "10.96.0.1", ["http:80/TCP"])]);
	loop.onChanges([slice("web-a", ["http:8080/TCP"], ["10.0.0.1"])]);
	loop.wake();
	await delay(50);
	assert.equal(before.dump(), dump);
	assert.ok(!health.healthy);
	loop.onSynced(true);
	await until("it is healthy", () => health.healthy);
	const at = (address: string) => lookup(maps, address, { port: 80, proto: 6, scope: 0 });
	assert.deepEqual([at("10.96.0.1"), at("10.96.0.9")], ["10.0.0.1:8080", "miss"]);
});

test("the time from cause to map is kept of causes since the start, and of no removed slice", async (t) => {
	const cluster = new Cluster(NODE);
	const health = new HealthState(["IPv4"], 60_000);
	const metrics = ownMetrics();
	const log = await createLogger({ verbosity: 0, pretty: false, destination: { write: () => 0 } });
	const syncer = new Syncer(cluster, smallMaps());
	const loop = syncLoop({ cluster, syncer, health, metrics, log });
	t.after(() => loop.stop());
	const counted = async (): Promise<number> => {
		const name = "kubeproxy_network_programming_duration_seconds";
		const metric = await metrics.registry.getSingleMetric(name)?.get();
		const values = metric?.values as readonly { metricName?: string; value: number }[];
		return Math.max(
			0,
			...values.flatMap((one) => (one.metricName === `${name}_count` ? one.value : [])),
		);
	};
	const caused = (triggerTimeMs: number, address: string) =>
		slice("web-a", ["http:8080/TCP"], [address], { triggerTimeMs });
	const old = caused(Date.now() - 60_000, "10.0.0.1");
	loop.onChanges([service("web", "10.96.0.1", ["http:80/TCP"]), old]);
	loop.onSynced(true);
	await until("it is healthy", () => health.healthy);
	assert.equal(await counted(), 0);
	const fresh = caused(Date.now(), "10.0.0.2");
	loop.onChanges([fresh]);
	await until("the change is counted", async () => (await counted()) === 1);
	const runs = syncer.status().runs;
	loop.onChanges([{ ...fresh, object: undefined, skips: [] }]);
	await until("the removal is in the maps", () => syncer.status().runs > runs);
	assert.equal(await counted(), 1);
});

test("health, log and metrics tell of writes that are refused, until they no longer are", async (t) => {
	let broken = false;
	const maps = smallMaps();
	const lines: string[] = [];
	const log = await createLogger({
		verbosity: 0,
		pretty: false,
		destination: { write: (line) => void lines.push(line) },
	});
	const cluster = new Cluster(NODE);
	const health = new HealthState(["IPv4"], 60_000);
	const metrics = ownMetrics();
	const source = (op: string, map: string): Fault =>
		broken && map === "frontends" && op === "map update" ? FAIL : { kind: "none" };
	const syncer = new Syncer(cluster, refusing(maps, source));
	const loop = syncLoop({ cluster, syncer, health, metrics, log });
	t.after(() => loop.stop());
	const seen = (address: string) => lookup(maps, address, { port: 80, proto: 6, scope: 0 });
	loop.onChanges([
		service("web", "10.96.0.1", ["http:80/TCP"]),
		slice("web-a", ["http:8080/TCP"], ["10.0.0.1"]),
	]);
	loop.onSynced(true);
	await until("it is healthy", () => health.healthy);

	broken = true;
	loop.onChanges([
		service("new", "10.96.0.2", ["http:80/TCP"]),
		slice("new-a", ["http:8080/TCP"], ["10.0.0.2"]),
		slice("web-a", ["http:8080/TCP"], ["10.0.0.3"]),
	]);
	await until("it is unhealthy", () => !health.healthy);
	assert.match(JSON.stringify(health.problems), /1 services are not completely in the maps/);
	assert.deepEqual([health.answer(true).ok, health.answer(false).ok], [false, false]);
	assert.ok(!health.serves("default/web"));
	assert.equal(seen("10.96.0.1"), "10.0.0.3:8080");
	const told = () => lines.filter((line) => line.includes("cannot be written"));
	const failures = async (): Promise<number> => {
		const metric = await metrics.registry.getSingleMetric("sluice_sync_failures_total")?.get();
		return metric?.values[0]?.value ?? 0;
	};
	await until("it has been tried again", async () => (await failures()) > 1);
	assert.equal(told().length, 1);
	assert.match(told()[0] ?? "", /default\/new.*ENOMEM/);

	broken = false;
	await until("it is healthy again", () => health.healthy);
	assert.equal(seen("10.96.0.2"), "10.0.0.2:8080");
});

test("a Service that does not fit is told of at once, and is the only one that counts as ill", async (t) => {
	const clock = { now: 1_000_000 };
	const cluster = new Cluster(NODE);
	const health = new HealthState(["IPv4"], 60_000, () => clock.now);
	const log = await createLogger({ verbosity: 0, pretty: false, destination: { write: () => 0 } });
	const loop = syncLoop({
		cluster,
		syncer: new Syncer(cluster, smallMaps({ backends: 6 })),
		health,
		log,
	});
	t.after(() => loop.stop());
	const large = (count: number) =>
		slice(
			"large-a",
			["http:8080/TCP"],
			Array.from({ length: count }, (_, i) => `10.0.1.${i + 1}`),
		);
	loop.onChanges([
		service("web", "10.96.0.1", ["http:80/TCP"]),
		slice("web-a", ["http:8080/TCP"], ["10.0.0.1"]),
		service("large", "10.96.0.2", ["http:80/TCP"]),
		large(9),
	]);
	loop.onSynced(true);
	await until("it has synced", () => health.lastSyncMs > 0);
	const answers = () => [health.answer(true).ok, health.answer(false).ok];
	assert.match(health.answer(true).body, /full: backends; 1 services are not completely/);
	assert.deepEqual(answers(), [true, true]);
	assert.deepEqual([health.serves("default/web"), health.serves("default/large")], [true, false]);
	clock.now += 61_000;
	assert.deepEqual(answers(), [false, true]);
	assert.ok(health.serves("default/web"));
	loop.onChanges([large(3)]);
	await until("it fits", () => health.healthy);
	assert.deepEqual([answers(), health.serves("default/large")], [[true, true], true]);
});
