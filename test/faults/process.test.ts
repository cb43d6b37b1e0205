import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { randomNumbers } from "../../src/dataplane/faulty.ts";
import { Cluster } from "../cluster/lib/cluster.ts";
import { named, service } from "../cluster/lib/objects.ts";
import type { LabNode } from "../lib/net/node.ts";
import type { RunningProcess } from "../lib/net/process.ts";
import { Load, type LoadResult, serve } from "../lib/net/traffic.ts";
import { until } from "../lib/until.ts";
import { ApiAgent } from "./lib/api-agent.ts";
import { Churn, slice } from "./lib/churn.ts";
import { brokenFrontends, pinnedDump, pinnedMaps } from "./lib/pinned.ts";

const KILLS = process.env.SLUICE_TEST_LONG === "1" ? 200 : 15;
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Date.now() % 1_000_000);
const VIP = "10.96.255.1";
const PORTS = [
	{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 },
	{ name: "ask", protocol: "UDP", port: 80, targetPort: 8080 },
] as const;

describe("an agent that is killed again and again while objects of a real API server change", () => {
	let cluster: Cluster;
	let node: LabNode;
	let churn: Churn;
	let truth: ApiAgent;
	const random = randomNumbers(SEED);

	before(async () => {
		cluster = await Cluster.create({ pods: { shop: 1, web1: 1, web2: 1 } });
		node = cluster.lab.node(1);
		for (const name of ["web1", "web2"]) await serve(cluster.lab.pod(name).place, name, 8080);
		const { api } = cluster.plane;
		churn = new Churn(api);
		await churn.begin();
		await api.create(service("probed", PORTS, { clusterIPs: [VIP, "fd00:96::ff01"] }));
		const made = slice("probed-a", "probed", addresses(["web1", "web2"]));
		await api.create({ ...made, ports: PORTS.map((port) => ({ ...port, port: 8080 })) });
		truth = await ApiAgent.start(await cluster.plane.outsideKubeconfigFile("system:kube-proxy"));
	});

	after(async () => {
		await truth?.stop();
		cluster?.close();
	});

	const addresses = (pods: readonly string[]): string[] =>
		pods.map((name) => cluster.lab.pod(name).address.v4);

	/** Objects change until it is told to stop; the probed Service always has an endpoint that answers. */
	const changeAll = (signal: AbortSignal): Promise<void> => {
		const rounds = [["web1"], ["web2"], ["web1", "web2"]];
		const run = async (): Promise<void> => {
			for (let round = 0; !signal.aborted; round++) {
				await churn.step();
				const { endpoints } = slice("", "", addresses(rounds[round % rounds.length] ?? []));
				await cluster.plane.api.patch(named("EndpointSlice", "probed-a"), { endpoints });
				await delay(20);
			}
		};
		return run();
	};

	const startLoads = (): Promise<Load[]> =>
		Promise.all(
			(["TCP", "UDP"] as const).flatMap((protocol) =>
				[true, false].map((fresh) => {
					const target = { address: VIP, port: 80, protocol };
					const timeoutMs = 5000;
					const { place } = cluster.lab.pod("shop");
					return Load.start(place, target, { fresh, intervalUs: 5000, timeoutMs });
				}),
			),
		);

	/** Kills agents at random times of their lives; says what lookups in the maps they leave would meet. */
	const killAgain = async (first: RunningProcess, lifeMs: number): Promise<string[]> => {
		const wrong: string[] = [];
		let agent = first;
		for (let n = 0; n < KILLS; n++) {
			await delay(random() * lifeMs);
			await agent.stop("SIGKILL");
			for (const what of brokenFrontends(node.pinPath)) wrong.push(`kill ${n}: ${what}`);
			agent = cluster.launchAgent(node);
		}
		await agent.stop("SIGKILL");
		return wrong;
	};

	test("its service goes on, and the maps end as those of a fresh start", async (t) => {
		t.diagnostic(`SLUICE_TEST_SEED=${SEED}`);
		const started = performance.now();
		const agent = await cluster.startAgent(node);
		const lifeMs = (performance.now() - started) * 1.3;
		const loads = await startLoads();
		const ending = new AbortController();
		const changes = changeAll(ending.signal);
		const wrong = await killAgain(agent, lifeMs);
		await cluster.startAgent(node);
		ending.abort();
		await changes;
		await until("the kernel's maps are those of a fresh start", () => isAsInTheApi(), 30_000);
		const results: LoadResult[] = await Promise.all(loads.map((load) => load.stop()));
		assert.deepEqual(wrong, []);
		for (const result of results) {
			assert.equal(result.failed, 0, JSON.stringify(result));
			assert.ok(result.ok > 100, JSON.stringify(result));
		}
		const asked = results.reduce((sum, { ok }) => sum + ok, 0);
		t.diagnostic(
			`measured: ${KILLS} agents killed under load and churn, 0 of ${asked} requests failed, 0 wrong states`,
		);
	});

	const isAsInTheApi = (): boolean =>
		churn.isKnown(truth.dump) && pinnedDump(pinnedMaps(node.pinPath)) === truth.dump;
});
