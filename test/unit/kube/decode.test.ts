import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KINDS, toChange } from "../../../src/kube/change.ts";
import type { Decoded } from "../../../src/kube/decode.ts";
import { decodeEndpointSlice } from "../../../src/kube/endpoint-slice.ts";
import { Interner } from "../../../src/kube/intern.ts";
import { decodeNode } from "../../../src/kube/node.ts";
import { decodeService } from "../../../src/kube/service.ts";

const reasons = ({ skips }: Decoded<unknown>): string[] => skips.map(({ reason }) => reason);

function service(spec: object, metadata: object = {}) {
	const json = { metadata: { name: "web", namespace: "default", ...metadata }, spec };
	return decodeService(json, new Interner());
}

function slice(fields: object, labels: object = { "kubernetes.io/service-name": "web" }) {
	const metadata = { name: "web-1", namespace: "default", labels };
	return decodeEndpointSlice({ metadata, addressType: "IPv4", ...fields }, new Interner());
}

const node = (fields: object, metadata: object = {}) =>
	decodeNode({ metadata: { name: "n1", ...metadata }, ...fields }, new Interner());

test("a Service becomes what a proxy needs of it, with the API's defaults", () => {
	const { object, skips } = service(
		{
			type: "NodePort",
			clusterIP: "fd00::1",
			clusterIPs: ["fd00::1", "10.96.0.1"],
			ipFamilies: ["IPv6", "IPv4"],
			ports: [
				{ name: "dns", protocol: "UDP", port: 53, nodePort: 30_053, targetPort: "dns" },
				{ name: "dns-tcp", port: 53 },
			],
			internalTrafficPolicy: "Local",
		},
		{ uid: "u1" },
	);
	assert.deepEqual(object, {
		namespace: "default",
		name: "web",
		uid: "u1",
		type: "NodePort",
		clusterIPs: ["fd00::1", "10.96.0.1"],
		ports: [
			{ name: "dns", protocol: "UDP", port: 53, nodePort: 30_053 },
			{ name: "dns-tcp", protocol: "TCP", port: 53, nodePort: 0 },
		],
		internalTrafficPolicy: "Local",
		externalTrafficPolicy: "Cluster",
		externalIPs: [],
		loadBalancerIPs: [],
		loadBalancerSourceRanges: [],
		affinitySeconds: 0,
		healthCheckNodePort: 0,
	});
	assert.deepEqual(skips, []);
});

test("a Service without cluster IP, of type ExternalName or of another proxy is skipped", () => {
	const label = { labels: { "service.kubernetes.io/service-proxy-name": "" } };
	for (const [decoded, reason] of [
		[service({ clusterIP: "None", clusterIPs: ["None"] }), /headless/],
		[service({ clusterIP: "" }), /headless/],
		[service({}), /headless/],
		[service({ type: "ExternalName", clusterIP: "10.96.0.1" }), /ExternalName/],
		[service({ clusterIP: "10.96.0.1" }, label), /service-proxy-name/],
		[service({ clusterIP: "10.96.0.1" }, { name: 7 }), /metadata.name is missing/],
		[service({ clusterIP: "10.96.0.300" }), /"10.96.0.300" is not an IP address/],
	] as const) {
		assert.equal(decoded.object, undefined);
		assert.match(reasons(decoded).join(), reason);
	}
});

test("without ipFamilies a Service has the cluster IPs that it names, each of its own family", () => {
	assert.deepEqual(service({ clusterIP: "fd00::1" }).object?.clusterIPs, ["fd00::1"]);
	const clusterIPs = ["fd00::1", "10.96.0.1"];
	const both = service({ clusterIP: "fd00::1", clusterIPs });
	assert.deepEqual(both.object?.clusterIPs, clusterIPs);
	assert.deepEqual(both.skips, []);
});

test("fields that are the business of others change nothing", () => {
	const spec = { type: "LoadBalancer", clusterIP: "10.96.0.1" };
	const port = { name: "http", port: 80 };
	const others = {
		selector: { app: "web" },
		ipFamilyPolicy: "RequireDualStack",
		loadBalancerClass: "example.com/one",
		loadBalancerIP: "203.0.113.9",
		publishNotReadyAddresses: true,
		trafficDistribution: "PreferSameZone",
		allocateLoadBalancerNodePorts: false,
	};
	const annotations = {
		"service.kubernetes.io/topology-mode": "Auto",
		"service.beta.kubernetes.io/load-balancer-source-ranges": "198.51.100.0/24",
	};
	const plain = service({ ...spec, ports: [port] });
	const full = service(
		{ ...spec, ...others, ports: [{ ...port, targetPort: 9090, appProtocol: "http" }] },
		{ annotations },
	);
	assert.deepEqual(full, plain);
	assert.deepEqual(plain.skips, []);
});

test("leading zeros are decimal, as Kubernetes has always read them", () => {
	assert.deepEqual(service({ clusterIP: "172.30.000.041" }).object?.clusterIPs, ["172.30.0.41"]);
	const { object } = slice({ endpoints: [{ addresses: ["010.0.0.08"] }] });
	assert.equal(object?.endpoints[0]?.address, "10.0.0.8");
});

test("a cluster IP that is garbage, twice there or of a foreign family is lost alone", () => {
	const clusterIPs = ["10.96.0.1", "nonsense", "10.96.0.2", "FD00:0:0::1"];
	const decoded = service({ clusterIPs });
	assert.deepEqual(decoded.object?.clusterIPs, ["10.96.0.1", "fd00::1"]);
	assert.equal(decoded.skips.length, 2);
	const single = service({ clusterIPs: ["10.96.0.1", "fd00::1"], ipFamilies: ["IPv4"] });
	assert.deepEqual(single.object?.clusterIPs, ["10.96.0.1"]);
	assert.match(reasons(single).join(), /ipFamilies/);
});

test("a Service port that is not usable is lost alone", () => {
	const decoded = service({
		clusterIP: "10.96.0.1",
		ports: [
			{ name: "a", port: 0 },
			{ name: "b" },
			{ name: "c", port: "80" },
			{ name: "d", port: 65_536 },
			{ name: "e", port: 1.5 },
			{ name: "f", port: 80, protocol: "ICMP" },
			{ name: "g", port: 80, nodePort: -1 },
			{ name: "h", port: 80 },
			{ name: "g", port: 81 },
			{ name: "g", port: 80, protocol: "UDP" },
			{ name: 5, port: 82 },
			null,
		],
	});
	assert.deepEqual(
		decoded.object?.ports.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`),
		["g TCP 80", "g UDP 80"],
	);
	assert.equal(decoded.skips.length, 11);
	assert.match(reasons(decoded)[0] ?? "", /^spec\.ports\[0\]\.port is 0, not a port number$/);
});

test("a value that is not known falls back to the API's default and is named", () => {
	const decoded = service({ clusterIP: "10.96.0.1", type: "Mesh", internalTrafficPolicy: 5 });
	assert.equal(decoded.object?.type, "ClusterIP");
	assert.equal(decoded.object?.internalTrafficPolicy, "Cluster");
	assert.deepEqual(reasons(decoded), [
		'spec.type is "Mesh"; ClusterIP is assumed',
		"spec.internalTrafficPolicy is 5; Cluster is assumed",
	]);
});

test("an endpoint's absent conditions are ready, serving and not terminating, and its first address counts", () => {
	const { object } = slice({
		ports: [{ name: "http", port: 8080 }],
		endpoints: [
			{ addresses: ["10.0.0.1", "10.0.0.9"] },
			{
				addresses: ["10.0.0.2"],
				conditions: { ready: false, serving: true, terminating: true },
				nodeName: "n1",
				hints: { forZones: [{ name: "z1" }], forNodes: [{ name: "n1" }, {}] },
			},
		],
	});
	const plain = { nodeName: "", zoneHints: [], nodeHints: [] };
	assert.deepEqual(object?.endpoints, [
		{ address: "10.0.0.1", ready: true, serving: true, terminating: false, ...plain },
		{
			address: "10.0.0.2",
			ready: false,
			serving: true,
			terminating: true,
			nodeName: "n1",
			zoneHints: ["z1"],
			nodeHints: ["n1"],
		},
	]);
	assert.deepEqual(object?.ports, [{ name: "http", protocol: "TCP", port: 8080 }]);
});

test("a slice without Service, of a headless one or without IP family is skipped", () => {
	for (const [decoded, reason] of [
		[slice({}, {}), /kubernetes.io\/service-name is missing/],
		[slice({ addressType: "FQDN" }), /addressType is "FQDN", not IPv4 or IPv6/],
		[
			slice({}, { "kubernetes.io/service-name": "web", "service.kubernetes.io/headless": null }),
			/headless/,
		],
	] as const) {
		assert.equal(decoded.object, undefined);
		assert.match(reasons(decoded).join(), reason);
	}
});

test("an endpoint or slice port that is not usable is lost alone, with its name in the reason", () => {
	const decoded = slice({
		ports: [{ name: "a" }, { name: "b", port: 0 }, { port: 1, protocol: "x" }, { port: 2 }],
		endpoints: [
			{ addresses: [] },
			{ addresses: ["pod.example"] },
			{ addresses: ["fd00::1"] },
			{ addresses: ["10.0.0.1"], conditions: { ready: "yes" } },
			"nonsense",
		],
	});
	assert.deepEqual(decoded.object?.ports, [{ name: "", protocol: "TCP", port: 2 }]);
	assert.deepEqual(
		decoded.object?.endpoints.map(({ address, ready }) => `${address} ${ready}`),
		["10.0.0.1 true"],
	);
	assert.deepEqual(
		decoded.skips.slice(3).map(({ object, reason }) => `${object}: ${reason}`),
		[
			"EndpointSlice default/web-1: endpoints[0].addresses[0] is nothing, not an IP address",
			'EndpointSlice default/web-1: endpoints[1].addresses[0] is "pod.example", not an IP address',
			"Endpoint fd00::1 of EndpointSlice default/web-1: it is not of the slice's addressType IPv4",
			'Endpoint 10.0.0.1 of EndpointSlice default/web-1: conditions.ready is "yes"; true is assumed',
			"EndpointSlice default/web-1: endpoints[4].addresses[0] is nothing, not an IP address",
		],
	);
});

test("the trigger time is read to the millisecond, and one that is no time is named", () => {
	const name = "endpoints.kubernetes.io/last-change-trigger-time";
	const at = (text: string) =>
		decodeEndpointSlice(
			{
				metadata: {
					name: "web-1",
					labels: { "kubernetes.io/service-name": "web" },
					annotations: { [name]: text },
				},
				addressType: "IPv4",
			},
			new Interner(),
		);
	assert.equal(at("2026-01-01T00:00:00.25Z").object?.triggerTimeMs, 1_767_225_600_250);
	assert.equal(at("yesterday").object?.triggerTimeMs, 0);
	assert.match(reasons(at("yesterday")).join(), /not a time/);
});

test("ten thousand endpoints of one Service are decoded, equal strings once", () => {
	const endpoints = Array.from({ length: 10_000 }, (_, i) => ({
		addresses: [`10.1.${i >> 8}.${i & 255}`],
		nodeName: `node-${i % 10}`,
		hints: { forZones: [{ name: "z1" }] },
	}));
	const { object, skips } = slice(JSON.parse(JSON.stringify({ endpoints })));
	assert.equal(object?.endpoints.length, 10_000);
	assert.deepEqual(skips, []);
	assert.equal(new Set(object?.endpoints.map(({ zoneHints }) => zoneHints)).size, 1);
});

test("a Node has its internal addresses before its external ones, zone and pod CIDRs", () => {
	const { object } = node(
		{
			spec: { podCIDR: "10.1.0.0/24", podCIDRs: ["10.1.0.0/24", "FD00::/64", "x"] },
			status: {
				addresses: [
					{ type: "ExternalIP", address: "203.0.113.1" },
					{ type: "Hostname", address: "n1" },
					{ type: "InternalIP", address: "192.0.2.1" },
					{ type: "InternalIP", address: "nonsense" },
				],
			},
		},
		{ labels: { "topology.kubernetes.io/zone": "z1" } },
	);
	assert.deepEqual(object, {
		name: "n1",
		addresses: ["192.0.2.1", "203.0.113.1"],
		zone: "z1",
		podCIDRs: ["10.1.0.0/24", "fd00::/64"],
		draining: false,
	});
	const older = node({ spec: { podCIDR: "10.1.0.0/24" } });
	assert.deepEqual(older.object?.podCIDRs, ["10.1.0.0/24"]);
});

test("a Node that is deleted or about to be removed is draining", () => {
	const taint = { key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" };
	assert.equal(node({ spec: { taints: [taint] } }).object?.draining, true);
	assert.equal(node({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }).object?.draining, true);
});

/** JSON in which the names that the decoders look for are likely. */
const NAMES = [
	...["metadata", "name", "namespace", "labels", "annotations", "spec", "status", "addressType"],
	...["clusterIP", "clusterIPs", "ports", "port", "protocol", "endpoints", "addresses", "hints"],
	...["conditions", "ready", "forZones", "nodeName", "podCIDRs", "taints", "ipFamilies", "type"],
	...["kubernetes.io/service-name", "internalTrafficPolicy", "__proto__", "constructor"],
];
const VALUES = ["10.0.0.1", "fd00::1", "IPv4", "IPv6", "web", "TCP", "None", "", 80, 0, -1, true];
const { json } = fc.letrec((tie) => ({
	json: fc.oneof(
		{ maxDepth: 6, withCrossShrink: true },
		fc.constantFrom(null, ...VALUES),
		fc.array(tie("json"), { maxLength: 4 }),
		fc.dictionary(fc.constantFrom(...NAMES), tie("json"), { maxKeys: 8 }),
	),
}));

test("no JSON makes decoding fail, and what is not served has a reason", () => {
	fc.assert(
		fc.property(json, fc.constantFrom(...KINDS), (value, kind) => {
			const change = toChange(kind, JSON.parse(JSON.stringify(value)), new Interner());
			assert.ok(change.object !== undefined || change.skips.length > 0);
		}),
		{ numRuns: 2000 },
	);
});
