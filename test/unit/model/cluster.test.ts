import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import { gone, service, slice } from "../../lib/objects.ts";

const web = service("web", "10.96.0.1", ["http:80/TCP"]);
const pods = ["http:8080/TCP"] as const;

function node(name: string, zone: string): Change {
	const object = { name, addresses: [], zone, podCIDRs: [], draining: false };
	return { kind: "node", key: name, object, skips: [] };
}

function clusterOf(...changes: Change[]): Cluster {
	const cluster = new Cluster("Node-A");
	cluster.apply(changes);
	return cluster;
}

test("a change of a slice concerns its Service alone", () => {
	const cluster = clusterOf(web, service("dns", "10.96.0.2", ["dns:53/UDP"]));
	cluster.takeDirty();
	cluster.apply([slice("web-a", pods, ["10.0.0.1"])]);
	assert.deepEqual([...cluster.takeDirty()], ["default/web"]);
	assert.ok(!cluster.hasDirty);
});

test("a slice that moves to another Service concerns both", () => {
	const cluster = clusterOf(web, slice("web-a", pods, ["10.0.0.1"]));
	cluster.takeDirty();
	cluster.apply([slice("web-a", pods, ["10.0.0.1"], { service: "api" })]);
	assert.deepEqual([...cluster.takeDirty()].sort(), ["default/api", "default/web"]);
	assert.deepEqual(cluster.view("default/web")?.slices, []);
});

test("slices may come before their Service", () => {
	const cluster = clusterOf(slice("web-a", pods, ["10.0.0.1"]), web);
	assert.equal(cluster.view("default/web")?.slices.length, 1);
});

test("a Service with slices in another namespace does not see them", () => {
	const cluster = clusterOf(web, slice("other/web-a", pods, ["10.0.0.1"]));
	assert.deepEqual(cluster.view("default/web")?.slices, []);
});

test("the slices of a Service are in the same order however they came", () => {
	const a = slice("web-a", pods, ["10.0.0.1"]);
	const b = slice("web-b", pods, ["10.0.0.2"]);
	const names = (cluster: Cluster) => cluster.view("default/web")?.slices.map(({ name }) => name);
	assert.deepEqual(names(clusterOf(web, a, b)), names(clusterOf(web, b, a)));
});

test("a removed object is not there and can be removed again", () => {
	const cluster = clusterOf(web);
	cluster.apply([gone(web)]);
	assert.equal(cluster.view("default/web"), undefined);
	cluster.takeDirty();
	cluster.apply([gone(web), gone(slice("web-a", pods, []))]);
	assert.ok(!cluster.hasDirty);
});

test("of two Services with one address the first by key has it, whichever came first", () => {
	const copy = service("copy", "10.96.0.1", ["http:80/TCP"]);
	const frontend = { address: "10.96.0.1", port: 80, protocol: "TCP" } as const;
	for (const order of [
		[web, copy],
		[copy, web],
	]) {
		const cluster = clusterOf(...order);
		assert.equal(cluster.ownerOf(frontend), "default/copy");
		assert.equal(cluster.view("default/web")?.owns(frontend), false);
	}
});

test("when the owner of an address goes the other Service is looked at again", () => {
	const copy = service("copy", "10.96.0.1", ["http:80/TCP"]);
	const cluster = clusterOf(web, copy);
	cluster.takeDirty();
	cluster.apply([gone(copy)]);
	assert.ok(cluster.takeDirty().has("default/web"));
	assert.deepEqual(cluster.skips(), []);
});

test("the own node's zone concerns every Service, other nodes none", () => {
	const cluster = clusterOf(web);
	cluster.takeDirty();
	cluster.apply([node("node-b", "zone-b")]);
	assert.ok(!cluster.hasDirty);
	cluster.apply([node("node-a", "zone-a")]);
	assert.deepEqual([...cluster.takeDirty()], ["default/web"]);
	assert.equal(cluster.view("default/web")?.node.zone, "zone-a");
	cluster.apply([node("node-a", "zone-a")]);
	assert.ok(!cluster.hasDirty);
	cluster.apply([gone(node("node-a", ""))]);
	assert.equal(cluster.node.zone, "");
});

test("each trigger time is handed out once", () => {
	const cluster = clusterOf(web, slice("web-a", pods, ["10.0.0.1"], { triggerTimeMs: 5000 }));
	cluster.apply([slice("web-a", pods, ["10.0.0.2"], { triggerTimeMs: 5000 })]);
	cluster.apply([slice("web-a", pods, ["10.0.0.3"], { triggerTimeMs: 7000 })]);
	assert.deepEqual(cluster.takeTriggers("default/web"), [5000, 7000]);
	assert.deepEqual(cluster.takeTriggers("default/web"), []);
});

test("the skips of an object are replaced by those of its next version", () => {
	const skip = { object: "Service default/web", reason: "port 0 is no port" };
	const cluster = clusterOf({ ...web, skips: [skip] });
	assert.deepEqual(cluster.skips(), [skip]);
	cluster.apply([web]);
	assert.deepEqual(cluster.skips(), []);
});
