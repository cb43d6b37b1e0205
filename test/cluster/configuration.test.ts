import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { kubeadmConfig } from "../lib/kubeadm-config.ts";
import type { AddressPair } from "../lib/net/addresses.ts";
import { until } from "../lib/net/command.ts";
import { ConfigMapDirectory } from "../lib/net/config-map.ts";
import type { RunningProcess } from "../lib/net/process.ts";
import { ask, Load, serve } from "../lib/net/traffic.ts";
import type { KubeObject } from "./lib/api-client.ts";
import { Cluster } from "./lib/cluster.ts";
import { clusterIPs, service } from "./lib/objects.ts";

const FILE = "config.conf";
const HEALTH_PORT = 31_999;
const PORT = { name: "tcp", protocol: "TCP", port: 80, targetPort: 8080 } as const;

interface Event extends KubeObject {
	readonly reason: string;
	readonly note?: string;
	readonly reportingController: string;
	readonly regarding: { readonly kind: string; readonly name: string; readonly uid?: string };
	readonly series?: { readonly count: number };
}

describe("an agent with kubeadm's configuration of kube-proxy", () => {
	let cluster: Cluster;
	let files: ConfigMapDirectory;
	let agent: RunningProcess;
	let vip: AddressPair;

	const target = () => ({ address: vip.v4, port: PORT.port, protocol: "TCP" }) as const;
	/** oomScoreAdj: the machine's memory is not the lab's to rule over. */
	const configured = (more: Parameters<typeof kubeadmConfig>[0] = {}): string =>
		kubeadmConfig({
			kubeconfig: cluster.plane.kubeconfigFile("system:kube-proxy"),
			clusterCIDR: "10.1.0.0/16,fd00:10:1::/48",
			oomScoreAdj: "0",
			...more,
		});
	const events = async (reason: string): Promise<readonly Event[]> => {
		const list = await cluster.plane.api.request(
			"GET",
			"/apis/events.k8s.io/v1/namespaces/default/events",
		);
		return (list.items as readonly Event[]).filter((event) => event.reason === reason);
	};
	const event = (reason: string, wanted: (event: Event) => boolean = () => true): Promise<Event> =>
		until(`an Event ${reason}`, async () => (await events(reason)).find(wanted), 30_000);

	before(async () => {
		cluster = await Cluster.create({ pods: { shop: 1, web: 1 } });
		const web = cluster.lab.pod("web");
		await serve(web.place, web.name, PORT.targetPort);
		await cluster.addPod(web, { app: "web" });
		const object = service("web", [PORT], { selector: { app: "web" } });
		vip = clusterIPs(await cluster.plane.api.create(object));
		files = new ConfigMapDirectory(FILE, configured());
		const source = `--config=${files.file(FILE)}`;
		agent = await cluster.startAgent(cluster.lab.node(1), [], 60_000, source);
	});

	after(() => {
		cluster?.close();
		files?.remove();
	});

	test("reaches the API server by the file's kubeconfig and serves", async () => {
		await until("the Service answers", async () => {
			const answer = await ask(cluster.lab.pod("shop").place, target(), { timeoutMs: 1000 });
			return answer.ok || undefined;
		});
	});

	test("tells its Node that it is starting", async () => {
		const { regarding, reportingController } = await event("Starting");
		assert.equal(reportingController, "sluice");
		assert.equal(regarding.kind, "Node");
		assert.equal(regarding.name, cluster.lab.node(1).name);
	});

	test("applies a ConfigMap's update without losing a request", async () => {
		const load = await Load.start(cluster.lab.pod("shop").place, target(), { fresh: true });
		files.update(FILE, configured({ nodePortAddresses: "[primary]" }));
		await agent.said("the changed configuration is in effect");
		const { failed, errors, sent } = await load.stop();
		assert.ok(sent > 0);
		assert.equal(failed, 0, JSON.stringify(errors));
	});

	test("refuses an invalid update with an Event, counts the next, and serves as before", async () => {
		const update = (mode: string): void =>
			files.update(FILE, configured({ nodePortAddresses: "[primary]", mode }));
		update("userspace");
		const { note, regarding } = await event("FailedToReloadConfig");
		assert.match(
			note ?? "",
			/mode: must be one of empty, iptables, ipvs, nftables, is "userspace"/,
		);
		assert.equal(regarding.kind, "Node");
		const lines = (): number => agent.stderr.split("the changed configuration is refused").length;
		update("iptables");
		await until("the good file is in effect", () =>
			agent.stderr.split("is in effect").length === 3 ? true : undefined,
		);
		update("userspace");
		await until("it is refused again", () => (lines() === 3 ? true : undefined));
		const again = await event("FailedToReloadConfig", ({ series }) => series !== undefined);
		assert.equal(again.series?.count, 2);
		assert.equal((await events("FailedToReloadConfig")).length, 1);
		assert.ok((await ask(cluster.lab.pod("shop").place, target())).ok);
	});

	test("tells a Service whose health check node port is taken", async () => {
		const { place } = cluster.lab.node(1);
		const listen = `require("net").createServer().listen(${HEALTH_PORT}, "0.0.0.0", () => console.log("on"))`;
		const squatter = place.start([process.execPath, "-e", listen]);
		assert.equal(await squatter.line(), "on");
		const object = service("front", [PORT], { selector: { app: "web" } });
		const spec = {
			...(object.spec as object),
			type: "LoadBalancer",
			externalTrafficPolicy: "Local",
			healthCheckNodePort: HEALTH_PORT,
		};
		const { metadata } = await cluster.plane.api.create({ ...object, spec });
		const { note, regarding } = await event("FailedToStartServiceHealthcheck");
		assert.match(
			note ?? "",
			/failed to start healthcheck "default\/front" on port 31999: .*EADDRINUSE/,
		);
		assert.deepEqual(
			{ ...regarding },
			{
				apiVersion: "v1",
				kind: "Service",
				namespace: "default",
				name: "front",
				uid: (metadata as { uid?: string }).uid,
			},
		);
		await squatter.stop();
	});
});
