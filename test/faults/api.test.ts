import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ControlPlane } from "../cluster/lib/control-plane.ts";
import { node } from "../cluster/lib/objects.ts";
import { Lab } from "../lib/net/lab.ts";
import { until } from "../lib/until.ts";
import { lookup } from "../unit/sync/lookup.ts";
import { ApiAgent } from "./lib/api-agent.ts";
import { type ApiCase, CASES, LIST_CASES, status } from "./lib/api-cases.ts";
import { ApiProxy } from "./lib/api-proxy.ts";
import { Churn, STEADY } from "./lib/churn.ts";

const TIMES = process.env.SLUICE_TEST_LONG === "1" ? 6 : 2;
/** Long enough for all pauses of these timings, on a busy machine. */
const BOUND_MS = 20_000;
const TIMINGS = {
	connectMs: 5000,
	responseMs: 1500,
	listSilenceMs: 1500,
	watchListSilenceMs: 1500,
	watchSilenceMs: 1500,
	livedMs: 300,
	minPauseMs: 20,
	maxPauseMs: 200,
};

describe("between an agent and a real API server", () => {
	let lab: Lab;
	let plane: ControlPlane;
	let proxy: ApiProxy;
	let churn: Churn;
	let direct: string;
	let throughProxy: string;
	/** It has no proxy before it. */
	let truth: ApiAgent;
	let agent: ApiAgent;
	let steady = "";
	let faults = 0;
	const unserved: string[] = [];

	const follow = async (kubeconfig: string): Promise<ApiAgent> => {
		const one = await ApiAgent.start(kubeconfig, TIMINGS);
		await until("it is in sync", () => one.healthy && one.dump.includes(STEADY), BOUND_MS);
		one.onWrite = () => {
			const seen = lookup(one.maps, steady, { port: 80, proto: 6, scope: 0 });
			if (seen !== "10.9.0.1:8080 10.9.0.2:8080") unserved.push(seen);
		};
		return one;
	};

	before(async () => {
		lab = Lab.create({ pods: {} });
		plane = await ControlPlane.start(lab);
		await plane.api.create(node("node1", lab.node(1).address));
		proxy = new ApiProxy(plane.directory);
		await proxy.listen();
		direct = await plane.outsideKubeconfigFile("system:kube-proxy");
		throughProxy = proxy.kubeconfigFile(direct);
		churn = new Churn(plane.api);
		steady = await churn.begin();
		truth = await follow(direct);
		agent = await follow(throughProxy);
	});

	after(async () => {
		await agent?.stop();
		await truth?.stop();
		proxy?.close();
		plane?.close();
		lab?.close();
	});

	/** Has the fault happen to Services and EndpointSlices alike, some times each, while objects change. */
	const suffer = async ({ fault, modes = ["watch"] }: ApiCase): Promise<void> => {
		const left = new Map([
			["services", TIMES],
			["endpointslices", TIMES],
		]);
		const sum = () => [...left.values()].reduce((a, b) => a + b, 0);
		proxy.fault = ({ resource, mode }) => {
			const more = left.get(resource) ?? 0;
			if (more === 0 || !modes.includes(mode)) return undefined;
			left.set(resource, more - 1);
			faults++;
			return fault;
		};
		proxy.cut();
		const deadline = performance.now() + BOUND_MS * TIMES;
		while (sum() > 0) {
			assert.ok(performance.now() < deadline, "the agent did not come back often enough");
			const before = sum();
			await churn.step();
			await until("", () => sum() < before, 500).catch(() => proxy.cut());
		}
		await churn.step();
	};

	const failures = (): number =>
		agent.source.status().reduce((sum, { failures }) => sum + failures, 0);

	/** The agent knows what the server knows, and never forgot anything on the way. */
	const recovered = async (one: ApiCase): Promise<void> => {
		await until(
			`the agent knows all: it holds\n${agent.dump}\nthe other\n${truth.dump}`,
			() => churn.isKnown(truth.dump) && agent.dump === truth.dump,
			BOUND_MS,
		);
		assert.deepEqual(unserved, []);
		assert.deepEqual(
			[...agent.removed].filter((address) => !churn.deleted.has(address)),
			[],
		);
		assert.ok(agent.healthy);
		const warnings = agent.warnings().filter(({ reason }) => one.says?.test(reason));
		if (one.says)
			assert.ok(warnings.length > 0, `the log says ${JSON.stringify(agent.warnings())}`);
		if (one.once) assert.ok(warnings.length <= 3, `one line each: ${JSON.stringify(warnings)}`);
		await until(
			"the status is good again",
			() => agent.source.status().every(({ error }) => error === ""),
			BOUND_MS,
		);
	};

	for (const one of CASES) {
		test(`${one.name}: the agent ends with the right state and removes nothing on the way`, async () => {
			agent.log.length = 0;
			const before = failures();
			await suffer(one);
			await recovered(one);
			if (one.says) assert.ok(failures() > before, "it has not been counted");
		});
	}

	for (const one of LIST_CASES) {
		test(`${one.name}: the agent starts with the right state all the same`, async () => {
			await agent.stop();
			let left = TIMES;
			const isList = one.modes?.includes("list") === true;
			proxy.fault = ({ resource, mode }) => {
				if (mode === "watchlist" && isList) return status(400);
				if (left === 0 || resource === "nodes" || !one.modes?.includes(mode)) return undefined;
				left--;
				faults++;
				return one.fault;
			};
			agent = await follow(throughProxy);
			assert.equal(left, 0);
			await churn.step();
			await recovered(one);
		});
	}

	test("endpoints that move between slices, in either order, are never missing", async () => {
		proxy.fault = () => undefined;
		const wrong: string[] = [];
		agent.onWrite = () => {
			const seen = lookup(agent.maps, churn.movingAddress, { port: 80, proto: 6, scope: 0 });
			if (seen === "miss" || seen === "broken" || seen === "drop") wrong.push(seen);
		};
		for (let round = 0; round < 6; round++) {
			await churn.moveBetweenSlices(round % 2 === 0);
		}
		await until(
			"it is known",
			() => agent.dump === truth.dump && churn.isKnown(truth.dump),
			BOUND_MS,
		);
		assert.deepEqual(wrong, []);
	});

	test("all of it", (t) => {
		assert.ok(faults > CASES.length + LIST_CASES.length);
		t.diagnostic(`measured: ${faults} API faults while objects changed, 0 wrong states`);
	});
});
