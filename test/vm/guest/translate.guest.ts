// Runs inside a guest: the agent serves manifests on this kernel, and traffic goes through a ClusterIP.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../lib/net/command.ts";
import { Lab } from "../../lib/net/lab.ts";
import type { RunningProcess } from "../../lib/net/process.ts";
import { ask, serve } from "../../lib/net/traffic.ts";

const VIP = { v4: "10.96.0.10", v6: "fd00:96::a" } as const;
const PORT = 80;
const SLOW_MS = 60_000;

let lab: Lab;
let agent: RunningProcess | undefined;

function objects(): object[] {
	const node = lab.node(1);
	const meta = { name: "web", namespace: "default" };
	const ports = ["TCP", "UDP"].map((protocol) => ({ name: protocol, protocol, port: PORT }));
	const slice = (family: "v4" | "v6"): object => ({
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: { ...meta, name: family, labels: { "kubernetes.io/service-name": "web" } },
		addressType: family === "v4" ? "IPv4" : "IPv6",
		ports: ports.map((port) => ({ ...port, port: 8080 })),
		endpoints: [{ addresses: [lab.pod("web").address[family]], conditions: { ready: true } }],
	});
	return [
		{
			apiVersion: "v1",
			kind: "Node",
			metadata: { name: node.name },
			status: { addresses: [{ type: "InternalIP", address: node.address.v4 }] },
		},
		{
			apiVersion: "v1",
			kind: "Service",
			metadata: meta,
			spec: { clusterIP: VIP.v4, clusterIPs: [VIP.v4, VIP.v6], ports },
		},
		slice("v4"),
		slice("v6"),
	];
}

async function startAgent(socketLb: "on" | "off"): Promise<void> {
	const node = lab.node(1);
	await agent?.stop("SIGTERM", SLOW_MS);
	agent = node.place.start([
		"node",
		"build/dist/sluice.js",
		"agent",
		`--manifests=${join(lab.directory, "manifests")}`,
		`--hostname-override=${node.name}`,
		`--pin-path=${node.pinPath}`,
		`--cgroup-root=${node.cgroup}`,
		`--socket-lb=${socketLb}`,
	]);
	const running = agent;
	await until(
		"the agent is healthy",
		() => {
			if (running.ended) throw new Error(`the agent ended:\n${running.stderr.slice(-8000)}`);
			const probe = "wget -qO- http://127.0.0.1:10256/healthz >/dev/null 2>&1 && echo yes || true";
			return node.place.run(["sh", "-c", probe]).includes("yes") ? true : undefined;
		},
		SLOW_MS,
	);
}

before(async () => {
	lab = Lab.create({ pods: { shop: 1, web: 1 } });
	mkdirSync(join(lab.directory, "manifests"));
	writeFileSync(
		join(lab.directory, "manifests/objects.json"),
		JSON.stringify({ apiVersion: "v1", kind: "List", items: objects() }),
	);
	await serve(lab.pod("web").place, "web", 8080);
});

after(async () => {
	await agent?.stop("SIGTERM", SLOW_MS);
	lab.close();
});

for (const socketLb of ["on", "off"] as const) {
	describe(`with the socket hooks ${socketLb}`, () => {
		before(() => startAgent(socketLb));
		for (const protocol of ["TCP", "UDP"] as const) {
			for (const family of ["v4", "v6"] as const) {
				for (const from of ["pod", "node"] as const) {
					test(`socket-lb ${socketLb}: a ${from} reaches a ClusterIP by ${protocol} and IP${family}`, async () => {
						const place = from === "pod" ? lab.pod("shop").place : lab.node(1).place;
						const target = { address: VIP[family], port: PORT, protocol };
						const answer = await ask(place, target, { timeoutMs: 10_000 });
						assert.ok(answer.ok, `${answer.step} ${answer.error}`);
						assert.equal(answer.server, "web");
					});
				}
			}
		}
		test(`socket-lb ${socketLb}: no guard has seen a wrong packet`, () => {
			assert.deepEqual(lab.guards.grown(), []);
		});
	});
}
