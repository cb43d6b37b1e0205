import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Service } from "../../../src/model/objects.ts";
import { gone, service } from "../../lib/objects.ts";

const http = ["http:80/TCP"] as const;
const nodePort = (number: number): Partial<Service> => ({
	type: "NodePort",
	ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: number }],
});

function clusterOf(...changes: ReturnType<typeof service>[]): Cluster {
	const cluster = new Cluster("node-a");
	cluster.setNodeAddresses({ local: ["192.168.0.1", "192.168.0.2"], primary: [] });
	cluster.apply(changes);
	cluster.takeDirty();
	return cluster;
}

const owner = (cluster: Cluster, address: string, port = 80) =>
	cluster.ownerOf({ address, port, protocol: "TCP" })?.replace("default/", "");

test("nobody takes a cluster IP over by naming it as an external or load balancer IP", () => {
	const web = service("web", "10.96.0.1", http);
	const thief = service("ant", "10.96.0.2", http, {
		type: "LoadBalancer",
		externalIPs: ["10.96.0.1"],
		loadBalancerIPs: ["10.96.0.1"],
	});
	const cluster = clusterOf(thief, web);
	assert.equal(owner(cluster, "10.96.0.1"), "web");
	cluster.apply([gone(web)]);
	assert.equal(owner(cluster, "10.96.0.1"), "ant");
	assert.deepEqual([...cluster.takeDirty()].sort(), ["default/ant", "default/web"]);
});

test("of two Services with one external IP the first by name has it, in whatever order they came", () => {
	const external = { externalIPs: ["198.51.100.7"] };
	const [a, b] = [
		service("a", "10.96.0.1", http, external),
		service("b", "10.96.0.2", http, external),
	];
	for (const order of [
		[a, b],
		[b, a],
	]) {
		const cluster = clusterOf(...order);
		assert.equal(owner(cluster, "198.51.100.7"), "a");
		cluster.apply([gone(a)]);
		assert.equal(owner(cluster, "198.51.100.7"), "b");
		assert.deepEqual([...cluster.takeDirty()].sort(), ["default/a", "default/b"]);
	}
});

test("a service IP is matched before a node port, on that address alone", () => {
	const web = service("web", "10.96.0.1", http, nodePort(30_080));
	const ext = service("ext", "10.96.0.2", ["http:30080/TCP"], { externalIPs: ["192.168.0.1"] });
	const cluster = clusterOf(web);
	assert.equal(owner(cluster, "192.168.0.1", 30_080), "web");
	cluster.apply([ext]);
	assert.deepEqual([...cluster.takeDirty()].sort(), ["default/ext", "default/web"]);
	assert.equal(owner(cluster, "192.168.0.1", 30_080), "ext");
	assert.equal(owner(cluster, "192.168.0.2", 30_080), "web");
	cluster.apply([gone(ext)]);
	assert.equal(owner(cluster, "192.168.0.1", 30_080), "web");
	assert.ok(cluster.takeDirty().has("default/web"));
});

test("a node port is nobody's at addresses that are not the node's", () => {
	const cluster = clusterOf(service("web", "10.96.0.1", http, nodePort(30_080)));
	assert.equal(owner(cluster, "192.168.0.9", 30_080), undefined);
});

test("what a Service claims twice it has once, by the type that is matched first", () => {
	const both = service("web", "10.96.0.1", http, {
		type: "LoadBalancer",
		externalIPs: ["203.0.113.7", "10.96.0.1"],
		loadBalancerIPs: ["203.0.113.7"],
	});
	const cluster = clusterOf(both);
	cluster.apply([service("web", "10.96.0.1", http, { externalIPs: ["203.0.113.7"] })]);
	assert.equal(owner(cluster, "203.0.113.7"), "web");
	cluster.apply([service("web", "10.96.0.1", http)]);
	assert.equal(owner(cluster, "203.0.113.7"), undefined);
	assert.deepEqual([...cluster.takeDirty()], ["default/web"]);
});
