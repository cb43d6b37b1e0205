import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Cluster } from "../cluster/lib/cluster.ts";
import { service } from "../cluster/lib/objects.ts";
import { Load, serve, type Target } from "../lib/net/traffic.ts";
import { until } from "../lib/until.ts";
import { Fleet } from "./lib/fleet.ts";
import { differenceFromFresh, useOf } from "./lib/maps.ts";

const PODS = process.env.SLUICE_TEST_LONG === "1" ? 1000 : 100;
/** Pods that are being replaced at a time. */
const AT_A_TIME = 25;
/** Pods that are created at a time in the beginning. */
const BATCH = 50;
const PORT = 8080;
const ADDRESS = "10.96.0.20";
const SETTLE_MS = 60_000;
/** Everything is translated in packets, and flows expire soon, so that nothing refers to old ids. */
const PACKETS = [
	"--socket-lb=off",
	"--flow-timeouts=tcp-closed=2s",
	"--conntrack-udp-timeout=2s",
	"--conntrack-udp-timeout-stream=2s",
];

describe(`a Service of ${PODS} pods, in slices that the EndpointSlice controller writes`, () => {
	let cluster: Cluster;
	let fleet: Fleet;

	before(async () => {
		cluster = await Cluster.create({ pods: { near: 1, web: 1, far: 2 }, nodes: 2 });
		const web = cluster.lab.pod("web");
		await serve(web.place, web.name, PORT);
		const frontend = { address: ADDRESS, port: 80, protocol: "TCP" } as const;
		const [first, second] = cluster.lab.nodes;
		assert.ok(first && second);
		const ports = (["TCP", "UDP"] as const).map((protocol) => {
			return { name: protocol.toLowerCase(), protocol, port: 80, targetPort: PORT };
		});
		const more = {
			clusterIPs: [ADDRESS],
			families: "SingleStack",
			selector: { app: "fleet" },
		} as const;
		await cluster.plane.api.create(service("fleet", ports, more));
		await cluster.startAgent(first);
		await cluster.startAgent(second, PACKETS);
		fleet = new Fleet(cluster, web, frontend, PORT);
		for (let number = 0; number < PODS; number += BATCH) {
			await fleet.start(range(number, Math.min(PODS, number + BATCH)));
		}
	});

	after(() => cluster?.close());

	test("no request fails while every pod is replaced, at sockets and in packets", async (t) => {
		const loads = new Map<string, Load>();
		for (const client of ["near", "far"]) {
			for (const protocol of ["TCP", "UDP"] as const) {
				const target: Target = { address: ADDRESS, port: 80, protocol };
				const options = { fresh: true, intervalUs: 2000 };
				const load = await Load.start(cluster.lab.pod(client).place, target, options);
				loads.set(`${protocol} from ${client}`, load);
			}
		}
		const start = performance.now();
		await replaceAll(fleet);
		const seconds = (performance.now() - start) / 1000;
		let asked = 0;
		const failures: string[] = [];
		for (const [name, load] of loads) {
			const { sent, failed, errors } = await load.stop();
			asked += sent;
			if (failed > 0) failures.push(`${name}: ${JSON.stringify(errors)}`);
			assert.ok(sent > PODS, `${name}: only ${sent} requests`);
		}
		t.diagnostic(
			`measured: ${PODS} pods replaced in ${seconds.toFixed(1)} s, under ${asked} requests`,
		);
		assert.deepEqual(failures, []);
	});

	test("afterwards the maps of both nodes are those of a fresh start, and old ids are given back", async () => {
		assert.equal(fleet.size, PODS);
		for (const node of cluster.lab.nodes) {
			// The controller and the agent may still be at the last pods.
			const same = async () => (await differenceFromFresh(cluster, node)) === "";
			await until("the maps are those of a fresh start", same, SETTLE_MS).catch(() => undefined);
			assert.equal(await differenceFromFresh(cluster, node), "");
			const left = (): number => useOf(node).owned - useOf(node).live;
			await until(`${node.name} has given ids back`, () => left() === 0, SETTLE_MS);
		}
	});
});

/** One pod after the other at several places at once: a new one is ready, an old one ends. */
async function replaceAll(fleet: Fleet): Promise<void> {
	let next = 0;
	const replace = async (): Promise<void> => {
		while (next < PODS) {
			const old = next++;
			await fleet.start([PODS + old]);
			await fleet.end(old);
		}
	};
	await Promise.all(Array.from({ length: AT_A_TIME }, replace));
}

function range(first: number, end: number): number[] {
	return Array.from({ length: end - first }, (_, i) => first + i);
}
