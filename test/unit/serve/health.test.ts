import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../../../src/log.ts";
import { addBuildInfo } from "../../../src/serve/build-info.ts";
import { healthHandler, statusHandler } from "../../../src/serve/handlers.ts";
import { HealthState } from "../../../src/serve/health.ts";
import { HttpServer } from "../../../src/serve/http.ts";
import { type LiveCounters, Metrics } from "../../../src/serve/metrics.ts";

const START = Date.parse("2026-01-02T03:04:05.000Z");
const COUNTERS: LiveCounters = {
	drops: new Map([["no_endpoint", 7]]),
	maps: new Map([["flows", { used: 5, size: 20 }]]),
	flowEntries: { flows: 5, overflow: 1 },
	halfOpen: 2,
	noLocalEndpoints: { internal: { IPv4: 3, IPv6: 0 }, external: { IPv4: 0, IPv6: 2 } },
	skipped: 3,
	sourceFailures: new Map([["Services", 2]]),
	devices: { served: 4, failed: 1 },
	healthy: true,
};

function stateAt(clock: { now: number }): HealthState {
	return new HealthState(["IPv4", "IPv6"], 60_000, () => clock.now);
}

test("the proxy is unhealthy until the first full sync", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	assert.equal(health.answer(false).ok, false);
	assert.deepEqual(health.problems, [{ part: "sync", reason: "no full sync yet" }]);
	health.noteSync();
	assert.equal(health.answer(false).ok, true);
});

test("a change that waits for longer than the timeout makes it unhealthy, applying it heals it", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	health.noteSync();
	health.noteChange();
	clock.now += 59_000;
	health.noteChange();
	assert.equal(health.healthy, true);
	clock.now += 2000;
	assert.equal(health.healthy, false);
	health.noteSync();
	assert.equal(health.healthy, true);
});

test("a part that is not well is named, until it is", () => {
	const health = stateAt({ now: START });
	health.noteSync();
	health.setProblem("devices", "eth0: attaching failed");
	assert.equal(health.answer(false).ok, false);
	assert.deepEqual(JSON.parse(health.answer(false).body).problems, [
		{ part: "devices", reason: "eth0: attaching failed" },
	]);
	health.setProblem("devices", "");
	assert.equal(health.answer(false).ok, true);
});

test("Services that do not fit are named at once, fail /healthz when that lasts, and never /livez", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	health.noteSync();
	const problem = { part: "maps", reason: "full: backends" };
	const full = () => health.setProblem(problem.part, problem.reason, new Set(["shop/front"]));
	full();
	assert.equal(health.healthy, false);
	for (const withNode of [true, false]) {
		const { ok, body } = health.answer(withNode);
		assert.ok(ok);
		assert.equal(JSON.parse(body).healthy, true);
		assert.deepEqual(JSON.parse(body).problems, [problem]);
	}
	clock.now += 59_000;
	full();
	clock.now += 2000;
	assert.deepEqual([health.answer(true).ok, health.answer(false).ok], [false, true]);
	assert.equal(JSON.parse(health.answer(true).body).healthy, false);
	health.setProblem("maps", "");
	assert.ok(health.answer(true).ok && health.healthy);
	full();
	assert.ok(health.answer(true).ok);
});

test("a problem of one Service is not one of others, a problem of the whole is one of each", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	const served = () => [health.serves("shop/front"), health.serves("shop/back")];
	assert.deepEqual(served(), [false, false]);
	health.noteSync();
	health.setProblem("maps", "full: backends", new Set(["shop/front"]));
	clock.now += 120_000;
	assert.deepEqual(served(), [false, true]);
	health.setProblem("maps", "ENOMEM");
	assert.deepEqual([served(), health.answer(false).ok], [[false, false], false]);
	health.setProblem("maps", "");
	assert.deepEqual(served(), [true, true]);
	health.noteChange();
	clock.now += 61_000;
	assert.deepEqual(served(), [false, false]);
});

test("a draining node fails /healthz but not /livez, and is still healthy", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	health.noteSync();
	clock.now += 5000;
	health.setDraining(true);
	assert.equal(health.answer(false).ok, true);
	const { ok, body } = health.answer(true);
	assert.equal(ok, false);
	assert.deepEqual(JSON.parse(body), {
		lastUpdated: "2026-01-02T03:04:05.000Z",
		currentTime: "2026-01-02T03:04:10.000Z",
		nodeEligible: false,
		healthy: true,
		status: {
			IPv4: { lastUpdated: "2026-01-02T03:04:05.000Z", healthy: true },
			IPv6: { lastUpdated: "2026-01-02T03:04:05.000Z", healthy: true },
		},
	});
});

test("while all is well lastUpdated is now, as kube-proxy's is", () => {
	const clock = { now: START };
	const health = stateAt(clock);
	health.noteSync();
	clock.now += 5000;
	const body = JSON.parse(health.answer(true).body);
	assert.equal(body.lastUpdated, "2026-01-02T03:04:10.000Z");
	assert.equal(body.status.IPv4.lastUpdated, "2026-01-02T03:04:05.000Z");
});

async function serving(
	handler: ConstructorParameters<typeof HttpServer>[0],
	work: (url: string) => Promise<void>,
): Promise<void> {
	const server = new HttpServer(handler, {
		name: "test",
		host: "127.0.0.1",
		port: 0,
		hardFail: true,
		log: silentLogger(),
		onState: () => undefined,
	});
	await server.start();
	try {
		await work(`http://127.0.0.1:${server.port}`);
	} finally {
		server.stop();
	}
}

test("port 10256 answers as kube-proxy's does: status, headers, 404 elsewhere, and counts", async () => {
	const health = stateAt({ now: START });
	const metrics = new Metrics(["IPv4"], () => COUNTERS);
	await serving(healthHandler(health, metrics), async (url) => {
		const before = await fetch(`${url}/healthz`);
		assert.equal(before.status, 503);
		assert.equal(before.headers.get("content-type"), "application/json");
		assert.equal(before.headers.get("x-content-type-options"), "nosniff");
		health.noteSync();
		assert.equal((await fetch(`${url}/healthz`, { method: "POST" })).status, 200);
		assert.equal((await fetch(`${url}/livez?verbose`)).status, 200);
		assert.equal((await fetch(`${url}/other`)).status, 404);
	});
	const text = await metrics.registry.metrics();
	assert.match(text, /^kubeproxy_proxy_healthz_total\{code="503"\} 1$/m);
	assert.match(text, /^kubeproxy_proxy_healthz_total\{code="200"\} 1$/m);
	assert.match(text, /^kubeproxy_proxy_livez_total\{code="200"\} 1$/m);
});

test("port 10249 tells the mode, and metrics under kube-proxy's names and buckets", async () => {
	const metrics = new Metrics(["IPv4", "IPv6"], () => COUNTERS);
	metrics.noteChanges(2, 5);
	metrics.noteSync({ seconds: 0.003, full: true, writes: 40, failures: 1 });
	metrics.noteSync({ seconds: 0.0007, full: false, writes: 0, failures: 0 });
	metrics.noteFlowPass({ seconds: 0.03, deleted: { IPv4: 4, IPv6: 2 } });
	metrics.noteProgrammed(0.3);
	addBuildInfo(metrics.registry, "1.2.3", "linux/arm64");
	await serving(
		statusHandler(metrics.registry, () => ({ kind: "KubeProxyConfiguration" })),
		async (url) => {
			assert.equal(await (await fetch(`${url}/proxyMode`)).text(), "ebpf");
			assert.equal(await (await fetch(`${url}/healthz`)).text(), "ok");
			const slis = await (await fetch(`${url}/metrics/slis`)).text();
			assert.match(slis, /^kubernetes_healthcheck\{name="ping",type="healthz"\} 1$/m);
			assert.match(slis, /^kubernetes_healthchecks_total\{.*status="success".*\} 1$/m);
			const text = await (await fetch(`${url}/metrics`)).text();
			const lines = [
				'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.002",ip_family="IPv4"} 1',
				'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="0.004",ip_family="IPv4"} 2',
				'kubeproxy_sync_proxy_rules_duration_seconds_bucket{le="16.384",ip_family="IPv6"} 2',
				'kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"} 1',
				'kubeproxy_sync_partial_proxy_rules_duration_seconds_bucket{le="0.001",ip_family="IPv4"} 1',
				'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket{le="0.016",ip_family="IPv6"} 0',
				'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket{le="0.032",ip_family="IPv6"} 1',
				'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv4"} 4',
				'kubeproxy_conntrack_reconciler_deleted_entries_total{ip_family="IPv6"} 2',
				'kubeproxy_network_programming_duration_seconds_bucket{le="0.25",ip_family="IPv4"} 0',
				'kubeproxy_network_programming_duration_seconds_bucket{le="0.5",ip_family="IPv4"} 1',
				'kubeproxy_network_programming_duration_seconds_bucket{le="300",ip_family="IPv4"} 1',
				"kubeproxy_sync_proxy_rules_endpoint_changes_total 5",
				"kubeproxy_sync_proxy_rules_service_changes_total 2",
				"kubeproxy_sync_proxy_rules_endpoint_changes_pending 5",
				"kubeproxy_sync_proxy_rules_service_changes_pending 2",
				'kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family="IPv4",traffic_policy="internal"} 3',
				'kubeproxy_sync_proxy_rules_no_local_endpoints_total{ip_family="IPv6",traffic_policy="external"} 2',
				'sluice_drops_packets_total{reason="no_endpoint"} 7',
				'sluice_map_used_ratio{map="flows"} 0.25',
				"sluice_devices_failed 1",
				'sluice_source_failures_total{resource="Services"} 2',
				"sluice_map_writes_total 40",
				'kubernetes_build_info{major="1",minor="2",git_version="v1.2.3",platform="linux/arm64"} 1',
			];
			for (const line of lines) assert.ok(text.split("\n").includes(line), `${line}\n${text}`);
		},
	);
});

test("port 10249 shows the configuration in effect by its API group", async () => {
	const metrics = new Metrics(["IPv4"], () => COUNTERS);
	let mode = "ipvs";
	await serving(
		statusHandler(metrics.registry, () => ({ mode })),
		async (url) => {
			const answer = await fetch(`${url}/configz`);
			assert.equal(answer.headers.get("content-type"), "application/json");
			assert.deepEqual(await answer.json(), { "kubeproxy.config.k8s.io": { mode: "ipvs" } });
			mode = "";
			assert.match(await (await fetch(`${url}/configz`)).text(), /"mode":""/);
		},
	);
});

test("a sync with failures is not the last success, and takes what was pending", async () => {
	const metrics = new Metrics(["IPv4"], () => COUNTERS);
	metrics.noteChanges(2, 5);
	metrics.noteSyncBegin();
	metrics.noteSync({ seconds: 0.003, full: false, writes: 0, failures: 1 });
	const last = /^kubeproxy_sync_proxy_rules_last_timestamp_seconds\{ip_family="IPv4"\}/m;
	const text = await metrics.registry.metrics();
	assert.doesNotMatch(text, last);
	assert.match(text, /^kubeproxy_sync_proxy_rules_endpoint_changes_pending 0$/m);
	assert.match(text, /^kubeproxy_sync_proxy_rules_service_changes_pending 0$/m);
	metrics.noteSync({ seconds: 0.003, full: false, writes: 0, failures: 0 });
	assert.match(await metrics.registry.metrics(), last);
});

test("a server whose address is taken says so and begins to serve once it is free", async () => {
	const handler = () => ({ status: 200, headers: {}, body: "" });
	const options = { name: "test", host: "127.0.0.1", log: silentLogger() };
	const first = new HttpServer(handler, {
		...options,
		port: 0,
		hardFail: true,
		onState: () => undefined,
	});
	await first.start();
	const hard = new HttpServer(handler, {
		...options,
		port: first.port,
		hardFail: true,
		onState: () => undefined,
	});
	await assert.rejects(hard.start(), /test cannot listen: .*EADDRINUSE/);
	const states: string[] = [];
	const listening = Promise.withResolvers<void>();
	const second = new HttpServer(handler, {
		...options,
		port: first.port,
		hardFail: false,
		retryMs: 20,
		onState: (error) => {
			states.push(error);
			if (error === "") listening.resolve();
		},
	});
	await second.start();
	assert.match(states[0] ?? "", /EADDRINUSE/);
	first.stop();
	await listening.promise;
	second.stop();
});
