import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import { report } from "../../../src/plan/report.ts";
import { endpoint, service, slice } from "../../lib/objects.ts";

function reportOf(changes: readonly Change[]) {
	const cluster = new Cluster("node-a");
	cluster.apply(changes);
	return report(cluster, []);
}

test("a frontend is reported with its backends, the same for clients inside and outside", () => {
	const { frontends } = reportOf([
		service("web", "10.96.0.10", ["http:80/TCP"]),
		slice("web-a", ["http:8080/TCP"], ["10.0.1.6", "10.0.1.5"]),
	]);
	const backends = ["10.0.1.5:8080", "10.0.1.6:8080"];
	const view = { action: "forward", backends, keepSource: true };
	assert.deepEqual(frontends, [
		{
			service: "default/web:http",
			type: "ClusterIP",
			address: "10.96.0.10",
			port: 80,
			protocol: "TCP",
			internal: view,
			external: view,
			affinitySeconds: 0,
			sourceRanges: [],
			healthCheckNodePort: 0,
		},
	]);
});

test("IPv6 backends have brackets and an unnamed port has no name", () => {
	const { frontends } = reportOf([
		service("web", "fd00::10", [":80/TCP"]),
		slice("web-a", [":8080/TCP"], ["fd01::5"]),
	]);
	assert.equal(frontends[0]?.service, "default/web");
	assert.deepEqual(frontends[0]?.internal.backends, ["[fd01::5]:8080"]);
});

test("no endpoint anywhere is a reject, none for the policy only is a drop", () => {
	const isLocal = { internalTrafficPolicy: "Local" } as const;
	const { frontends } = reportOf([
		service("none", "10.96.0.1", ["http:80/TCP"], isLocal),
		service("elsewhere", "10.96.0.2", ["http:80/TCP"], isLocal),
		slice("elsewhere-a", ["http:80/TCP"], [endpoint("10.0.0.1", { nodeName: "node-b" })]),
	]);
	assert.deepEqual(
		frontends.map(({ address, internal }) => [address, internal.action, internal.backends]),
		[
			["10.96.0.1", "reject", []],
			["10.96.0.2", "drop", []],
		],
	);
});

test("frontends are sorted by address, port and protocol", () => {
	const { frontends } = reportOf([
		service("b", "10.96.0.2", ["x:443/TCP", "y:80/UDP", "z:80/TCP"]),
		service("a", ["10.96.0.1", "fd00::1"], ["x:80/TCP"]),
	]);
	const order = frontends.map(({ address, port, protocol }) => `${address} ${port} ${protocol}`);
	assert.deepEqual(order, [
		"10.96.0.1 80 TCP",
		"10.96.0.2 80 TCP",
		"10.96.0.2 80 UDP",
		"10.96.0.2 443 TCP",
		"fd00::1 80 TCP",
	]);
});

test("what is left out is listed once, with its reason", () => {
	const skip = { object: "Service default/web", reason: "port 0 is no port" };
	const cluster = new Cluster("node-a");
	cluster.apply([
		{ ...service("web", "10.96.0.1", ["a:80/TCP", "b:80/TCP"]), skips: [skip] },
		service("xyz", "10.96.0.1", ["a:80/TCP"]),
	]);
	assert.deepEqual(report(cluster, [skip]).skipped, [
		{ object: "Service default/web", reason: "port 0 is no port" },
		{ object: "Service default/web", reason: "port b 80/TCP repeats an earlier port" },
		{ object: "Service default/xyz", reason: "10.96.0.1 port 80/TCP belongs to default/web" },
	]);
});

test("node ports are served at loopback addresses, but those of SCTP, whose sockets nobody translates", () => {
	const cluster = new Cluster("node-a");
	const ports = (["TCP", "SCTP"] as const).map((protocol) => {
		return { name: protocol.toLowerCase(), port: 80, protocol, nodePort: 30_080 };
	});
	cluster.apply([service("web", "10.96.0.1", [], { type: "NodePort", ports })]);
	cluster.setNodeAddresses({ local: ["127.0.0.1", "192.168.0.1"], primary: ["192.168.0.1"] });
	const { frontends } = report(cluster, []);
	assert.deepEqual(
		frontends
			.filter(({ type }) => type === "NodePort")
			.map(({ address, protocol }) => `${address} ${protocol}`)
			.sort(),
		["127.0.0.1 TCP", "192.168.0.1 SCTP", "192.168.0.1 TCP"],
	);
});
