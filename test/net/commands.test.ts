import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterService } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { Load } from "../lib/net/traffic.ts";
import { PACKET_PATHS } from "./paths.ts";

interface FlowRow {
	readonly protocol: string;
	readonly client: string;
	readonly address: string;
	readonly port: number;
	readonly backend: string;
	readonly backendPort: number;
	readonly service: string;
	readonly state: string;
}

for (const { title, options } of PACKET_PATHS) {
	describe(`the commands on a live node, ${title}`, () => {
		let cluster: Cluster;
		let agent: Agent;
		let web: ClusterService;
		const loads: Load[] = [];
		const flows = (...filters: string[]): FlowRow[] =>
			JSON.parse(agent.sluice(["flows", "-o", "json", ...filters]));

		before(async () => {
			cluster = await Cluster.create(options);
			const [first] = cluster.agents;
			assert.ok(first);
			agent = first;
			web = await cluster.service("web", ["a"]);
			await cluster.service("other", ["b"]);
			for (const protocol of ["TCP", "UDP"] as const) {
				const target = web.target("v4", protocol);
				loads.push(await Load.start(cluster.pod("x").place, target, { intervalUs: 50_000 }));
			}
		});
		after(async () => {
			for (const load of loads) await load.stop();
			cluster?.close();
		});

		it("list a flow with its client, its service and its backend", async () => {
			const [row] = await until("both flows are answered", () => {
				const rows = flows("web");
				const done = rows.filter(({ state }) => state === "established" || state === "replied");
				return done.length === 2 ? rows : undefined;
			});
			assert.ok(row);
			const { protocol, client, address, port, backend, backendPort, service, state } = row;
			assert.deepEqual(
				{ protocol, client, address, port, backend, backendPort, service, state },
				{
					protocol: "TCP",
					client: cluster.pod("x").address.v4,
					address: web.spec.clusterIPs.v4,
					port: 80,
					backend: cluster.pod("a").address.v4,
					backendPort: 8080,
					service: "web",
					state: "established",
				},
			);
		});

		it("select flows by service, address, port, protocol and state", () => {
			assert.equal(flows("other").length, 0);
			assert.equal(flows("--protocol", "udp").length, 1);
			assert.equal(flows("--state", "established").length, 1);
			assert.equal(flows("--address", cluster.pod("a").address.v4).length, 2);
			assert.equal(flows("--address", cluster.pod("b").address.v4).length, 0);
			assert.equal(flows("-n", "default", "--port", "80").length, 2);
			assert.equal(flows("-n", "elsewhere").length, 0);
		});

		it("count the open connections of a backend", () => {
			const table = agent.sluice(["backends", "web", "--protocol", "tcp"]);
			const row = table.split("\n").find((line) => line.includes(cluster.pod("a").address.v4));
			assert.match(row ?? "", /active +1 +0 +1$/);
		});

		it("delete the selected flows only, both directions of each", () => {
			assert.match(
				agent.sluice(["flows", "--delete", "--protocol", "udp", "web"]),
				/^1 flows selected, 2 entries deleted\n$/,
			);
			assert.deepEqual(
				flows("--protocol", "tcp").map(({ state }) => state),
				["established"],
			);
		});

		it("show in status what is attached and that an agent runs, and work without it", async () => {
			const status = JSON.parse(agent.sluice(["status", "-o", "json"]));
			assert.equal(status.agentRuns, true);
			assert.equal(status.hz > 0, true);
			assert.ok(status.nodeAddresses.includes(agent.node.address.v4));
			assert.ok(status.links.every((link: { attached: boolean }) => link.attached));
			await agent.kill();
			const text = agent.sluice(["status"]);
			assert.match(text, /^Agent: +not running$/m);
			assert.match(agent.sluice(["services", "web"]), /10\.96\.0\.10:80 +forward/);
			assert.match(agent.sluice(["maps", "--dump"]), /^ {2}default\/web:tcp\/TCP\/IPv4$/m);
			await agent.start();
		});

		it("answer health and metrics on kube-proxy's ports", () => {
			const get = (path: string): string =>
				agent.node.place.run(["curl", "-s", `http://127.0.0.1:${path}`]);
			assert.equal(JSON.parse(get("10256/healthz")).healthy, true);
			assert.equal(get("10249/proxyMode"), "ebpf");
			const metrics = get("10249/metrics");
			assert.match(metrics, /^# TYPE sluice_drops_packets_total counter$/m);
			assert.match(metrics, /^sluice_devices 6$/m);
			assert.match(metrics, /^sluice_flow_entries \d+$/m);
		});
	});
}
