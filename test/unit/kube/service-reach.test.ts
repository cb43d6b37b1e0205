import assert from "node:assert/strict";
import { test } from "node:test";
import { Interner } from "../../../src/kube/intern.ts";
import { decodeService } from "../../../src/kube/service.ts";

function decode(spec: object, status: object = {}) {
	const json = {
		metadata: { name: "web", namespace: "default" },
		spec: { clusterIP: "10.96.0.1", ports: [{ port: 80 }], ...spec },
		status,
	};
	const { object, skips } = decodeService(json, new Interner());
	assert.ok(object, "one field never drops the Service");
	return { service: object, reasons: skips.map(({ reason }) => reason) };
}

const ingress = (...items: unknown[]) => ({ loadBalancer: { ingress: items } });

test("external IPs are read sloppily, and a malformed one is lost alone", () => {
	const externalIPs = [
		"198.051.100.007",
		"FD00:0::7",
		"nonsense",
		5,
		"198.51.100.7",
		"198.51.100.8",
	];
	const { service, reasons } = decode({ externalIPs });
	assert.deepEqual(service.externalIPs, ["198.51.100.7", "fd00::7", "198.51.100.8"]);
	assert.deepEqual(reasons, [
		'external IP "nonsense" is not an IP address',
		"external IP 5 is not an IP address",
	]);
});

test("addresses that are no single host's are never service addresses", () => {
	const externalIPs = [
		"127.0.0.1",
		"::1",
		"0.0.0.0",
		"::",
		"224.0.0.1",
		"ff02::1",
		"::ffff:127.0.0.2",
	];
	const { service, reasons } = decode({ externalIPs }, ingress({ ip: "127.0.0.1" }));
	assert.deepEqual(service.externalIPs, []);
	assert.deepEqual(service.loadBalancerIPs, []);
	assert.equal(reasons.length, externalIPs.length + 1);
	assert.match(reasons[0] ?? "", /127\.0\.0\.1 is not served: it is no single host's/);
});

test("load balancer IPs count in ipMode VIP, which is the default, and those of ipMode Proxy do not", () => {
	const status = ingress(
		{ ip: "203.0.113.1" },
		{ ip: "203.0.113.2", ipMode: "VIP" },
		{ ip: "203.0.113.3", ipMode: "Proxy" },
		{ ip: "203.0.113.4", ipMode: "Magic" },
		{ ip: "203.0.113.5", ipMode: null },
		{ hostname: "web.example" },
		{ ip: "203.0.113.999" },
		null,
	);
	const { service, reasons } = decode({ type: "LoadBalancer" }, status);
	assert.deepEqual(service.loadBalancerIPs, ["203.0.113.1", "203.0.113.2", "203.0.113.5"]);
	assert.deepEqual(reasons, [
		'load balancer IP "203.0.113.3" is not served: ipMode Proxy leaves it to others',
		'load balancer IP "203.0.113.4" has the unknown ipMode "Magic"',
		'load balancer IP "203.0.113.999" is not an IP address',
	]);
});

test("source ranges may have spaces, upper case, leading zeros and host bits", () => {
	const loadBalancerSourceRanges = [
		" 010.1.2.3/8 ",
		"FD00:1::5/32",
		"10.0.0.0/8",
		"10.0.0.0",
		"x/8",
	];
	const { service, reasons } = decode({ loadBalancerSourceRanges });
	assert.deepEqual(service.loadBalancerSourceRanges, ["10.0.0.0/8", "fd00:1::/32"]);
	assert.deepEqual(reasons, [
		'source range "10.0.0.0" is not an address and a prefix length',
		'source range "x/8" is not an address and a prefix length',
	]);
});

test("affinity lasts as long as the Service says, three hours by default", () => {
	const config = (timeoutSeconds: unknown) => ({
		sessionAffinity: "ClientIP",
		sessionAffinityConfig: { clientIP: { timeoutSeconds } },
	});
	assert.equal(decode({}).service.affinitySeconds, 0);
	assert.equal(decode({ ...config(10), sessionAffinity: "None" }).service.affinitySeconds, 0);
	assert.equal(decode({ sessionAffinity: "ClientIP" }).service.affinitySeconds, 10_800);
	assert.equal(decode(config(10)).service.affinitySeconds, 10);
	assert.equal(decode(config(86_400)).service.affinitySeconds, 86_400);
	for (const bad of [0, -1, 86_401, 1.5, "10", Number.NaN]) {
		const { service, reasons } = decode(config(bad));
		assert.equal(service.affinitySeconds, 10_800);
		assert.match(reasons.join(), /timeoutSeconds is .*; 10800 is assumed/);
	}
	assert.match(decode({ sessionAffinity: "Cookie" }).reasons.join(), /sessionAffinity is "Cookie"/);
});

test("a node port counts for the types that have one", () => {
	const ports = [{ port: 80, nodePort: 30_080 }];
	assert.equal(decode({ type: "NodePort", ports }).service.ports[0]?.nodePort, 30_080);
	assert.equal(decode({ type: "LoadBalancer", ports }).service.ports[0]?.nodePort, 30_080);
	const { service, reasons } = decode({ type: "ClusterIP", ports });
	assert.equal(service.ports[0]?.nodePort, 0);
	assert.deepEqual(reasons, [
		"spec.ports[0].nodePort is not served: the Service is of type ClusterIP",
	]);
});

test("policies and health port are read; what is no list or no port is named", () => {
	const { service } = decode({ externalTrafficPolicy: "Local", healthCheckNodePort: 32_000 });
	assert.equal(service.externalTrafficPolicy, "Local");
	assert.equal(service.healthCheckNodePort, 32_000);
	const odd = decode(
		{ externalIPs: "198.51.100.7", loadBalancerSourceRanges: {}, healthCheckNodePort: 70_000 },
		{ loadBalancer: { ingress: "203.0.113.1" } },
	);
	assert.deepEqual(odd.reasons, [
		'spec.externalIPs is "198.51.100.7", not a list',
		'status.loadBalancer.ingress is "203.0.113.1", not a list',
		"spec.loadBalancerSourceRanges is {}, not a list",
		"spec.healthCheckNodePort is 70000, not a port number",
	]);
});
