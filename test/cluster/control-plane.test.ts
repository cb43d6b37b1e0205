import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { podAddress } from "../lib/net/addresses.ts";
import { until } from "../lib/net/command.ts";
import { Lab } from "../lib/net/lab.ts";
import type { KubeObject } from "./lib/api-client.ts";
import { ControlPlane } from "./lib/control-plane.ts";
import { clusterIPs, createReadyPod, named, node, pod, service } from "./lib/objects.ts";

describe("the real control plane of the tests", () => {
	let lab: Lab;
	let plane: ControlPlane;

	before(async () => {
		lab = Lab.create({ pods: {} });
		plane = await ControlPlane.start(lab);
	});

	after(() => {
		plane?.close();
		lab?.close();
	});

	test("makes endpoint slices of both families from a Service and its ready Pod", async () => {
		await plane.api.create(node("node1", lab.node(1).address));
		const address = podAddress(1, 2);
		await createReadyPod(plane.api, pod("web-1", "node1", { app: "web" }), address);
		const port = { name: "http", protocol: "TCP", port: 80, targetPort: 8080 } as const;
		const web = await plane.api.create(service("web", [port], { selector: { app: "web" } }));
		assert.match(clusterIPs(web).v4, /^10\.96\./);
		const slices = await until("two endpoint slices with a ready endpoint", async () => {
			const all = await plane.api.list(
				named("EndpointSlice"),
				"?labelSelector=kubernetes.io/service-name=web",
			);
			return all.length === 2 && all.every(isReady) ? all : undefined;
		});
		const addresses = slices.flatMap((slice) => endpoints(slice).flatMap((e) => e.addresses));
		assert.deepEqual(addresses.sort(), [address.v4, address.v6].sort());
	});

	test("keeps its objects when the API server is killed and its history compacted", async () => {
		const before = await plane.api.get(named("Node", "node1"));
		await plane.killApiServer();
		plane.compact();
		plane.startApiServer();
		await plane.ready();
		const after = await plane.api.get(named("Node", "node1"));
		assert.equal(after.metadata.uid, before.metadata.uid);
	});
});

interface Endpoint {
	readonly addresses: readonly string[];
	readonly conditions: { readonly ready?: boolean };
}

function endpoints(slice: KubeObject): readonly Endpoint[] {
	return slice.endpoints as readonly Endpoint[];
}

function isReady(slice: KubeObject): boolean {
	return endpoints(slice).some((endpoint) => endpoint.conditions.ready === true);
}
