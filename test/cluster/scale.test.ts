import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../lib/net/command.ts";
import type { LabPod } from "../lib/net/pod.ts";
import { Conversation, serve, type Target } from "../lib/net/traffic.ts";
import type { KubeObject } from "./lib/api-client.ts";
import { Cluster } from "./lib/cluster.ts";
import { named, service } from "./lib/objects.ts";

const SERVICES = Number(process.env.SLUICE_TEST_SERVICES ?? 10_000);
const ENDPOINTS = 10;
/** Writers at a time: the API server's work is what takes long. */
const WRITERS = 24;

/** An EndpointSlice of a Service without selector. */
function slice(name: string, addresses: readonly string[]): KubeObject {
	return {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: {
			name,
			namespace: "default",
			labels: { "kubernetes.io/service-name": name },
		},
		addressType: "IPv4",
		ports: [{ name: "tcp", protocol: "TCP", port: 8080 }],
		endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
	};
}

/** Addresses that nothing has. */
function addressesOf(index: number): string[] {
	return Array.from({ length: ENDPOINTS }, (_, i) => {
		const n = index * ENDPOINTS + i;
		return `10.${100 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
	});
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
	let next = 0;
	const writer = async (): Promise<void> => {
		while (next < count) await work(next++);
	};
	await Promise.all(Array.from({ length: WRITERS }, writer));
}

describe(`${SERVICES} Services x ${ENDPOINTS} endpoints of a real API server`, () => {
	let cluster: Cluster;
	let shop: LabPod;
	const vip = "10.96.255.1";
	const target: Target = { address: vip, port: 80, protocol: "TCP" };

	before(async () => {
		cluster = await Cluster.create({ pods: { shop: 1, web1: 1, web2: 1 } });
		shop = cluster.lab.pod("shop");
		for (const name of ["web1", "web2"]) await serve(cluster.lab.pod(name).place, name, 8080);
		const { api } = cluster.plane;
		const ports = [{ name: "tcp", protocol: "TCP", port: 80, targetPort: 8080 }] as const;
		await inParallel(SERVICES - 1, async (index) => {
			const name = `service-${index}`;
			await api.create(service(name, ports, { families: "SingleStack" }));
			await api.create(slice(name, addressesOf(index)));
		});
		await api.create(service("probed", ports, { clusterIPs: [vip, "fd00:96::ff01"] }));
		await api.create(slice("probed", [cluster.lab.pod("web1").address.v4]));
	});

	after(() => cluster?.close());

	/** Asks over a new connection each time until this server answers. */
	const answeredBy = async (conversation: Conversation, server: string): Promise<void> => {
		await until(
			`${server} answers`,
			async () => {
				const answer = await conversation.ask();
				conversation.renew();
				return answer.server === server ? true : undefined;
			},
			60_000,
		);
	};

	test("all are served from the agent's start on", async (t) => {
		const started = performance.now();
		await cluster.startAgent(cluster.lab.node(1));
		const conversation = new Conversation(shop.place, target, { timeoutMs: 1000 });
		await answeredBy(conversation, "web1");
		await conversation.close();
		const ms = Math.round(performance.now() - started);
		t.diagnostic(`measured: agent's start to all services served: ${ms} ms`);
	});

	test("one endpoint that moves is followed", async (t) => {
		const { api } = cluster.plane;
		const conversation = new Conversation(shop.place, target, { timeoutMs: 1000 });
		const times: number[] = [];
		for (let round = 0; round < 20; round++) {
			const to = round % 2 === 0 ? "web2" : "web1";
			const fields = slice("probed", [cluster.lab.pod(to).address.v4]);
			await api.patch(named("EndpointSlice", "probed"), { endpoints: fields.endpoints });
			const written = performance.now();
			await answeredBy(conversation, to);
			times.push(performance.now() - written);
		}
		await conversation.close();
		times.sort((a, b) => a - b);
		const [median = 0, longest = 0] = [times[10], times[19]];
		t.diagnostic(
			`measured: API write answered to a connection to the new endpoint: median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`,
		);
		assert.equal(times.length, 20);
	});
});
