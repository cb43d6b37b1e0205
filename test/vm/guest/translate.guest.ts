// Runs inside a guest: the agent serves manifests on this kernel, and traffic goes through a ClusterIP.
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../lib/net/command.ts";
import { Lab } from "../../lib/net/lab.ts";
import type { RunningProcess } from "../../lib/net/process.ts";
import { ask, Conversation, serve } from "../../lib/net/traffic.ts";

const VIP = { v4: "10.96.0.10", v6: "fd00:96::a" } as const;
const PORT = 80;
const SLOW_MS = 60_000;

let lab: Lab;
let agent: RunningProcess | undefined;

/** What the agent serves: the Service, with that pod as its endpoint. */
function objects(pod: string): object[] {
	const node = lab.node(1);
	const meta = { name: "web", namespace: "default" };
	const ports = ["TCP", "UDP"].map((protocol) => ({ name: protocol, protocol, port: PORT }));
	const slice = (family: "v4" | "v6"): object => ({
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: { ...meta, name: family, labels: { "kubernetes.io/service-name": "web" } },
		addressType: family === "v4" ? "IPv4" : "IPv6",
		ports: ports.map((port) => ({ ...port, port: 8080 })),
		endpoints: [{ addresses: [lab.pod(pod).address[family]], conditions: { ready: true } }],
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

function writeObjects(pod: string): void {
	const list = { apiVersion: "v1", kind: "List", items: objects(pod) };
	const draft = join(lab.directory, "objects.draft");
	writeFileSync(draft, JSON.stringify(list));
	renameSync(draft, join(lab.directory, "manifests/objects.json"));
}

before(async () => {
	lab = Lab.create({ pods: { shop: 1, web: 1, next: 1 } });
	mkdirSync(join(lab.directory, "manifests"));
	writeObjects("web");
	for (const name of ["web", "next"]) await serve(lab.pod(name).place, name, 8080);
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
		for (const from of ["pod", "node"] as const) {
			test(`socket-lb ${socketLb}: a ${from}'s connected UDP goes on when its endpoint leaves`, async () => {
				const place = from === "pod" ? lab.pod("shop").place : lab.node(1).place;
				const sockets = (["v4", "v6"] as const).map((family) => {
					const target = { address: VIP[family], port: PORT, protocol: "UDP" } as const;
					return new Conversation(place, target, { timeoutMs: 1000 });
				});
				const reach = async (pod: string) => {
					for (const socket of sockets) {
						const isReached = async () => (await socket.ask()).server === pod || undefined;
						await until(`a socket reaches ${pod}`, isReached, SLOW_MS);
					}
				};
				await reach("web");
				writeObjects("next");
				await reach("next");
				const former = { address: lab.pod("web").address.v4, port: 8080, protocol: "UDP" } as const;
				assert.equal((await ask(place, former, { timeoutMs: 10_000 })).server, "web");
				for (const socket of sockets) await socket.close();
				writeObjects("web");
				const again = { address: VIP.v6, port: PORT, protocol: "UDP" } as const;
				const isBack = async () => (await ask(place, again)).server === "web" || undefined;
				await until("the first endpoint is back", isBack, SLOW_MS);
			});
		}
		test(`socket-lb ${socketLb}: no guard has seen a wrong packet`, () => {
			assert.deepEqual(lab.guards.grown(), []);
		});
	});
}
