import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint, EndpointSlice } from "../../../src/model/objects.ts";
import { usableEndpoints } from "../../../src/model/topology.ts";
import { endpoint, slice } from "../../lib/objects.ts";

const NODE = { name: "node-a", zone: "zone-a" };
const PORT = { name: "http", protocol: "TCP", port: 80, nodePort: 0 } as const;

function choose(endpoints: readonly Endpoint[], node = NODE) {
	return chooseFrom([slice("web-x", ["http:8080/TCP"], endpoints).object], node);
}

function chooseFrom(slices: readonly EndpointSlice[], node = NODE) {
	const { cluster, local, serving } = usableEndpoints(slices, PORT, "IPv4", node);
	const text = (list: typeof cluster) => list.map(({ address, port }) => `${address}:${port}`);
	return { cluster: text(cluster), local: text(local), serving: text(serving) };
}

const here = { nodeName: "node-a" };
const leaving = { ready: false, serving: true, terminating: true };
const dead = { ready: false, serving: false };

test("ready endpoints take new connections, unready ones do not", () => {
	const { cluster } = choose([endpoint("10.0.0.1"), endpoint("10.0.0.2", dead)]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
});

test("a ready endpoint counts as ready although it terminates, as under publishNotReadyAddresses", () => {
	const { cluster, local } = choose([
		endpoint("10.0.0.1", { ...here, ready: true, terminating: true }),
		endpoint("10.0.0.2", leaving),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
	assert.deepEqual(local, ["10.0.0.1:8080"]);
});

test("when the only endpoint of the zone becomes unready, those of other zones are used", () => {
	const own = { zoneHints: ["zone-a"] };
	const far = endpoint("10.0.0.2", { zoneHints: ["zone-b"] });
	assert.deepEqual(choose([endpoint("10.0.0.1", own), far]).cluster, ["10.0.0.1:8080"]);
	assert.deepEqual(choose([endpoint("10.0.0.1", { ...own, ...dead }), far]).cluster, [
		"10.0.0.2:8080",
	]);
});

test("without a ready endpoint the serving and terminating ones are used", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", leaving),
		endpoint("10.0.0.2", dead),
		endpoint("10.0.0.3", { ready: false, serving: true }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
});

test("a serving endpoint that takes no new connections keeps its old ones", () => {
	const { cluster, serving } = choose([endpoint("10.0.0.1"), endpoint("10.0.0.2", leaving)]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
	assert.deepEqual(serving, ["10.0.0.1:8080", "10.0.0.2:8080"]);
});

test("the local set holds this node's endpoints and falls back for itself", () => {
	const { cluster, local } = choose([
		endpoint("10.0.0.1", { nodeName: "node-b" }),
		endpoint("10.0.0.2", { ...here, ...leaving }),
		endpoint("10.0.0.3", { nodeName: "node-b", ...leaving }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
	assert.deepEqual(local, ["10.0.0.2:8080"]);
});

test("an endpoint without node name is local nowhere, even where the node's name is unknown", () => {
	const { local } = choose([endpoint("10.0.0.1")], { name: "", zone: "" });
	assert.deepEqual(local, []);
});

test("node hints win over zone hints", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", { nodeHints: ["node-a"], zoneHints: ["zone-a"] }),
		endpoint("10.0.0.2", { nodeHints: ["node-b"], zoneHints: ["zone-a"] }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
});

test("node hints that never name this node leave the choice to the zone hints", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", { nodeHints: ["node-b"], zoneHints: ["zone-a"] }),
		endpoint("10.0.0.2", { nodeHints: ["node-c"], zoneHints: ["zone-b"] }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
});

test("one ready endpoint without hint switches the hints off", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", { zoneHints: ["zone-a"] }),
		endpoint("10.0.0.2"),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080", "10.0.0.2:8080"]);
});

test("an unready endpoint without hint does not switch the hints off", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", { zoneHints: ["zone-a"] }),
		endpoint("10.0.0.2", { zoneHints: ["zone-b"] }),
		endpoint("10.0.0.3", dead),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080"]);
});

test("hints for other zones only mean all endpoints, not none", () => {
	const { cluster } = choose([
		endpoint("10.0.0.1", { zoneHints: ["zone-b"] }),
		endpoint("10.0.0.2", { zoneHints: ["zone-c"] }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080", "10.0.0.2:8080"]);
});

test("a node without zone ignores zone hints", () => {
	const hinted = [
		endpoint("10.0.0.1", { zoneHints: [""] }),
		endpoint("10.0.0.2", { zoneHints: ["b"] }),
	];
	assert.equal(choose(hinted, { name: "node-a", zone: "" }).cluster.length, 2);
});

test("hints mean nothing to the local set and to the terminating fallback", () => {
	const { cluster, local } = choose([
		endpoint("10.0.0.1", { ...leaving, ...here, zoneHints: ["zone-b"] }),
		endpoint("10.0.0.2", { ...leaving, zoneHints: ["zone-a"] }),
	]);
	assert.deepEqual(cluster, ["10.0.0.1:8080", "10.0.0.2:8080"]);
	assert.deepEqual(local, ["10.0.0.1:8080"]);
});

test("of two entries for one address the one that is not terminating counts, in either order", () => {
	const old = slice("web-a", ["http:8080/TCP"], [endpoint("10.0.0.1", leaving)]).object;
	const fresh = slice("web-b", ["http:8080/TCP"], ["10.0.0.1"]).object;
	assert.deepEqual(chooseFrom([old, fresh]).cluster, ["10.0.0.1:8080"]);
	assert.deepEqual(chooseFrom([fresh, old]).cluster, ["10.0.0.1:8080"]);
});

test("ports are matched by name and protocol, never by number", () => {
	const slices = [
		slice("web-a", ["http:8080/TCP", "admin:80/TCP"], ["10.0.0.1"]).object,
		slice("web-b", ["http:9090/TCP", "http:53/UDP"], ["10.0.0.2"]).object,
	];
	assert.deepEqual(chooseFrom(slices).cluster, ["10.0.0.1:8080", "10.0.0.2:9090"]);
});

test("the ports and the endpoints of a Service may come in slices of their own", () => {
	const slices = [
		slice("web-a", ["http:8080/TCP"], ["10.0.0.1"]).object,
		slice("web-b", ["admin:9090/TCP"], ["10.0.0.1"]).object,
		slice("web-c", ["http:8080/TCP"], ["10.0.0.2"]).object,
	];
	assert.deepEqual(chooseFrom(slices).cluster, ["10.0.0.1:8080", "10.0.0.2:8080"]);
	const admin = usableEndpoints(slices, { ...PORT, name: "admin" }, "IPv4", NODE);
	assert.deepEqual(
		admin.cluster.map(({ address, port }) => `${address}:${port}`),
		["10.0.0.1:9090"],
	);
});

test("slices of the other family are left alone", () => {
	const slices = [
		slice("web-a", ["http:8080/TCP"], ["10.0.0.1"]).object,
		slice("web-b", ["http:8080/TCP"], ["fd00::1"]).object,
	];
	assert.deepEqual(chooseFrom(slices).cluster, ["10.0.0.1:8080"]);
});

const anyEndpoint = fc.record({
	address: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"),
	ready: fc.boolean(),
	serving: fc.boolean(),
	terminating: fc.boolean(),
	nodeName: fc.constantFrom("", "node-a", "node-b"),
	zoneHints: fc.subarray(["zone-a", "zone-b"]),
	nodeHints: fc.subarray(["node-a", "node-b"]),
});

test("whatever the conditions: no duplicates, only usable ones, none only if there are none", () => {
	fc.assert(
		fc.property(fc.array(anyEndpoint, { maxLength: 6 }), (endpoints) => {
			const { cluster, local } = choose(endpoints);
			assert.equal(new Set(cluster).size, cluster.length);
			assert.equal(new Set(local).size, local.length);
			const usable = endpoints.filter((one) => one.ready || (one.serving && one.terminating));
			const addresses = new Set(usable.map((one) => `${one.address}:8080`));
			for (const text of [...cluster, ...local]) assert.ok(addresses.has(text), text);
			const ids = new Set(endpoints.map((one) => one.address));
			if (ids.size === endpoints.length) assert.equal(cluster.length === 0, usable.length === 0);
		}),
	);
});
