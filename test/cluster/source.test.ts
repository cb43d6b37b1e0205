import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ApiSource } from "../../src/kube/source.ts";
import { silentLogger } from "../../src/log.ts";
import { containsAddress } from "../../src/model/cidr.ts";
import type { Change } from "../../src/model/objects.ts";
import { podAddress } from "../lib/net/addresses.ts";
import { Lab } from "../lib/net/lab.ts";
import { until } from "../lib/until.ts";
import { ControlPlane } from "./lib/control-plane.ts";
import { createReadyPod, named, node, pod, podStatus, service } from "./lib/objects.ts";

const PORT = { name: "http", protocol: "TCP", port: 80, targetPort: 8080 } as const;
const ADDRESS = podAddress(1, 2);

describe("a source on a real API server, with the rights of a proxy", () => {
	let lab: Lab;
	let plane: ControlPlane;
	let source: ApiSource;
	const state = new Map<string, Change>();
	const removed: string[] = [];
	let synced = 0;

	before(async () => {
		lab = Lab.create({ pods: {} });
		plane = await ControlPlane.start(lab);
		await plane.api.create(node("node1", lab.node(1).address));
		await createReadyPod(plane.api, pod("web-1", "node1", { app: "web" }), ADDRESS);
		await plane.api.create(service("web", [PORT], { selector: { app: "web" } }));
		const kubeconfig = await plane.outsideKubeconfigFile("system:kube-proxy");
		source = new ApiSource({ access: { kubeconfig }, nodeName: "node1", log: silentLogger() });
		source.start({
			onChanges: (changes) => {
				for (const change of changes) {
					state.set(`${change.kind} ${change.key}`, change);
					if (!change.object) {
						removed.push(change.key);
					}
				}
			},
			onSynced: () => {
				synced += 1;
			},
		});
		await until("the source is synced", () => synced > 0);
	});

	after(async () => {
		await source?.stop();
		plane?.close();
		lab?.close();
	});

	const has = (id: string): boolean => state.get(id)?.object !== undefined;

	/** Addresses of the ready endpoints of "web". */
	const ready = (): string[] =>
		[...state.values()]
			.flatMap((change) => (change.kind === "slice" && change.object ? [change.object] : []))
			.filter((slice) => slice.service === "web")
			.flatMap((slice) => [...slice.endpoints].filter((endpoint) => endpoint.ready))
			.map(({ address }) => address)
			.sort();

	const both = [ADDRESS.v4, ADDRESS.v6].sort();

	test("delivers the Service, both families of its endpoints, and the node", async () => {
		await until("both endpoints are ready", () => ready().join() === both.join());
		const web = state.get("service default/web");
		assert.equal(web?.kind === "service" && web.object?.clusterIPs.length, 2);
		assert.ok(has("node node1") && has("service default/kubernetes"));
		const cidrs = state.get("cidr kubernetes");
		assert.ok(cidrs?.kind === "cidr" && web?.kind === "service");
		const holds = (cidr: string) => containsAddress(cidr, web.object?.clusterIPs[0] ?? "");
		assert.ok(cidrs.object?.cidrs.some(holds), "ServiceCIDRs hold the cluster IPs");
		assert.deepEqual(
			source.status().map(({ synced, error }) => `${synced} ${error}`),
			["true ", "true ", "true ", "true "],
		);
	});

	test("follows a pod's readiness through the EndpointSlice controller", async () => {
		await plane.api.patch(named("Pod", "web-1"), podStatus(ADDRESS, false), "status");
		await until("no endpoint is ready", () => ready().length === 0);
		await plane.api.patch(named("Pod", "web-1"), podStatus(ADDRESS, true), "status");
		await until("both endpoints are ready again", () => ready().join() === both.join());
	});

	test("goes on after the API server was killed and its history compacted, and removes nothing", async () => {
		await plane.api.create(service("short-lived", [PORT]));
		await until("it is there", () => has("service default/short-lived"));
		removed.length = 0;
		await plane.killApiServer();
		await until("the status says so", () => source.status().every(({ error }) => error !== ""));
		assert.equal(ready().join(), both.join());
		plane.compact();
		plane.startApiServer();
		await plane.ready();
		await plane.api.delete(named("Service", "short-lived"));
		await plane.api.create(service("new", [PORT]));
		await until("the new Service is there", () => has("service default/new"), 60_000);
		await until("the deleted one is gone", () => !has("service default/short-lived"));
		await until(
			"the errors are gone",
			() => source.status().every(({ error }) => error === ""),
			60_000,
		);
		assert.deepEqual(
			removed.filter((key) => !key.includes("short-lived")),
			[],
		);
		assert.equal(synced, 1);
	});
});
