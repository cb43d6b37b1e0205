import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Service } from "../../../src/model/objects.ts";
import { serviceHealth } from "../../../src/model/service-health.ts";
import { endpoint, service, slice } from "../../lib/objects.ts";

const asked: Partial<Service> = {
	type: "LoadBalancer",
	externalTrafficPolicy: "Local",
	healthCheckNodePort: 32_000,
};
const here = { nodeName: "node-a" };

function healthOf(more: Partial<Service>, ...slices: ReturnType<typeof slice>[]) {
	const cluster = new Cluster("node-a");
	const ports = ["http:80/TCP", "https:443/TCP"] as const;
	cluster.apply([service("web", ["10.96.0.1", "fd00::1"], ports, more), ...slices]);
	const view = cluster.view("default/web");
	assert.ok(view);
	return serviceHealth(view);
}

test("two ports of one pod count once, and each family for itself", () => {
	const ports = ["http:8080/TCP", "https:8443/TCP"] as const;
	const health = healthOf(
		asked,
		slice("web-a", ports, [endpoint("10.0.0.1", here), endpoint("10.0.0.2", here), "10.0.0.3"]),
		slice("web-b", ["https:8444/TCP"], [endpoint("10.0.0.1", here)]),
		slice("web-c", ports, [endpoint("fd01::1", here)]),
	);
	assert.deepEqual(health, { port: 32_000, localEndpoints: { IPv4: 2, IPv6: 1 } });
});

test("endpoints that terminate, are elsewhere or belong to no port do not count", () => {
	const leaving = { ...here, ready: false, terminating: true };
	const health = healthOf(
		asked,
		slice("web-a", ["http:8080/TCP"], [endpoint("10.0.0.1", leaving), "10.0.0.2"]),
		slice("web-b", ["other:8080/TCP"], [endpoint("10.0.0.3", here)]),
	);
	assert.deepEqual(health, { port: 32_000, localEndpoints: { IPv4: 0, IPv6: 0 } });
});

test("nobody asks under the policy Cluster, of another type, or without a port", () => {
	assert.equal(healthOf({ ...asked, externalTrafficPolicy: "Cluster" }), undefined);
	assert.equal(healthOf({ ...asked, type: "NodePort" }), undefined);
	assert.equal(healthOf({ ...asked, healthCheckNodePort: 0 }), undefined);
});
