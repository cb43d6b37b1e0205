import assert from "node:assert/strict";
import { before, test } from "node:test";
import { formatList } from "../../../src/cli/output.ts";
import { readServices, type ServiceView } from "../../../src/cli/read/snapshot.ts";
import { SERVICE_COLUMNS, serviceRows } from "../../../src/cli/services-command.ts";
import { fakeMap } from "../../../src/dataplane/fake.ts";
import { fakeServiceMaps } from "../../../src/dataplane/fake-maps.ts";
import type { MapPort } from "../../../src/dataplane/port.ts";
import {
	BackendStats,
	Flow,
	FlowDirection,
	FlowKey,
	FlowState,
	MAPS,
	type MapName,
	ServiceStats,
} from "../../../src/layout/structs.ts";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import { service } from "../../lib/objects.ts";

const CHANGES: readonly Change[] = [
	{
		kind: "service",
		key: "shop/web",
		skips: [],
		object: {
			namespace: "shop",
			name: "web",
			uid: "1",
			type: "ClusterIP",
			clusterIPs: ["10.96.0.10", "fd00:96::a"],
			ports: [{ name: "http", protocol: "TCP", port: 80, nodePort: 0 }],
			internalTrafficPolicy: "Cluster",
			externalTrafficPolicy: "Cluster",
			externalIPs: [],
			loadBalancerIPs: [],
			loadBalancerSourceRanges: [],
			affinitySeconds: 0,
			healthCheckNodePort: 0,
		},
	},
	{
		kind: "slice",
		key: "shop/web-x",
		skips: [],
		object: {
			namespace: "shop",
			name: "web-x",
			service: "web",
			family: "IPv4",
			ports: [{ name: "http", protocol: "TCP", port: 8080 }],
			endpoints: ["10.1.0.2", "10.1.0.3"].map((address) => ({
				address,
				ready: true,
				serving: true,
				terminating: false,
				nodeName: "",
				zoneHints: [],
				nodeHints: [],
			})),
			triggerTimeMs: 0,
		},
	},
];

let maps: (name: MapName) => MapPort;
let views: ServiceView[];

before(async () => {
	const fakes: Partial<Record<MapName, MapPort>> = {
		...fakeServiceMaps({ services: 64, backends: 64 }),
		flows: fakeMap({ ...MAPS.flows, maxEntries: 64 }),
		overflow: fakeMap({ ...MAPS.overflow, maxEntries: 64 }),
	};
	maps = (name) => fakes[name] ?? assert.fail(name);
	const cluster = new Cluster("node1");
	cluster.apply(CHANGES);
	const syncer = new Syncer(cluster, fakes as never);
	await syncer.adopt();
	await syncer.syncOnce();
	const [web] = readServices(maps);
	const [first, second] = web?.backends ?? [];
	assert.ok(web && first && second);
	count(first.id, 5n, 1n);
	count(second.id, 2n, 2n);
	const stats = new DataView(maps("service_stats").memory());
	const value = { connections: 7n, rejected: 3n, dropped: 0n };
	ServiceStats.encode(value, stats, web.id * ServiceStats.SIZE);
	addClosedFlow(first.id);
	views = readServices(maps);
});

function count(backend: number, connections: bigint, closed: bigint): void {
	const view = new DataView(maps("backend_stats").memory());
	BackendStats.encode({ connections, closed }, view, backend * BackendStats.SIZE);
}

/** Both directions, as the programs write them. */
function addClosedFlow(backend: number): void {
	for (const direction of [FlowDirection.FLOW_FORWARD, FlowDirection.FLOW_REPLY]) {
		const key = new Uint8Array(FlowKey.SIZE);
		key[FlowKey.OFFSET.proto] = 6;
		key[FlowKey.OFFSET.direction] = direction;
		const value = new Uint8Array(Flow.SIZE);
		value[Flow.OFFSET.state] = FlowState.FLOW_CLOSED;
		new DataView(value.buffer).setUint32(Flow.OFFSET.backend, backend, true);
		maps("flows").update(key, value);
	}
}

test("policies are read back: masquerade by scope, source ranges, affinity", async () => {
	const fakes = { ...fakeServiceMaps({ services: 64, backends: 64 }) };
	const own: Partial<Record<MapName, MapPort>> = { ...fakes, flows: maps("flows") };
	const cluster = new Cluster("node1");
	cluster.apply([
		service("web", "10.96.0.10", ["http:80/TCP"], {
			type: "LoadBalancer",
			externalTrafficPolicy: "Local",
			loadBalancerIPs: ["203.0.113.7"],
			loadBalancerSourceRanges: ["192.0.2.0/24", "10.0.0.0/8"],
			affinitySeconds: 10,
		}),
	]);
	const syncer = new Syncer(cluster, fakes);
	await syncer.adopt();
	await syncer.syncOnce();
	const [web, ...others] = readServices((name) => own[name] ?? maps(name));
	assert.ok(web && others.length === 0);
	assert.equal(web.affinitySeconds, 10);
	assert.deepEqual(web.sourceRanges, ["10.0.0.0/8", "192.0.2.0/24"]);
	assert.deepEqual(
		web.frontends.map(({ address, scope, masquerade, restricted }) => [
			...[address, scope, masquerade],
			restricted,
		]),
		[
			["10.96.0.10", "external", "none", false],
			["10.96.0.10", "internal", "none", false],
			["203.0.113.7", "external", "none", true],
			["203.0.113.7", "internal", "outside", true],
		],
	);
	assert.deepEqual(
		serviceRows(web).map(({ address, scope, masquerade, affinity, ranges }) => [
			...[address, scope, masquerade],
			...[affinity, ranges],
		]),
		[
			["10.96.0.10:80", "both", "none", "10s", ""],
			["203.0.113.7:80", "both", "outside/none", "10s", "10.0.0.0/8,192.0.2.0/24"],
		],
	);
});

test("services are read back from the maps with their frontends, backends and counts", () => {
	assert.deepEqual(
		views.map(({ namespace, name, portName, connections, rejected }) => ({
			...{ namespace, name, portName },
			...{ connections, rejected },
		})),
		[
			{ namespace: "shop", name: "web", portName: "http", connections: 7, rejected: 3 },
			{ namespace: "shop", name: "web", portName: "http", connections: 0, rejected: 0 },
		],
	);
	const [v4, v6] = views;
	assert.deepEqual(
		v4?.frontends.map(({ address, port, protocol, scope, action }) => [
			...[address, port, protocol],
			...[scope, action],
		]),
		[
			["10.96.0.10", 80, "TCP", "external", "forward"],
			["10.96.0.10", 80, "TCP", "internal", "forward"],
		],
	);
	assert.deepEqual(new Set(v6?.frontends.map(({ action }) => action)), new Set(["reject"]));
});

test("open connections are those begun, without the ended ones and those that are closed already", () => {
	assert.deepEqual(
		views[0]?.backends.map(({ address, active, inactive, connections }) => [
			address,
			...[active, inactive, connections],
		]),
		[
			["10.1.0.2", 3, 1, 5],
			["10.1.0.3", 0, 0, 2],
		],
	);
});

test("the table shows each frontend with its backends below it", () => {
	const rows = views.flatMap(serviceRows);
	assert.equal(
		formatList("table", rows, { columns: SERVICE_COLUMNS, empty: "" }),
		`SERVICE    PORT   PROTOCOL   ADDRESS            STATE     ACTIVE   INACTIVE   TOTAL
shop/web   http   TCP        10.96.0.10:80      forward        3          1       7
                             -> 10.1.0.2:8080   active         3          1       5
                             -> 10.1.0.3:8080   active         0          0       2
shop/web   http   TCP        [fd00:96::a]:80    reject         0          0       0
`,
	);
	assert.match(
		formatList("wide", rows, { columns: SERVICE_COLUMNS, empty: "" }),
		/REFUSED {3}ID {3}SCOPE .*\n.* 3 {4}\d {3}both {4}none\n/,
	);
});
