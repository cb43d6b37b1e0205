import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster } from "../../../src/model/cluster.ts";
import type { Change } from "../../../src/model/objects.ts";
import { DEFAULT_PROXY_SETTINGS } from "../../../src/model/proxy-settings.ts";
import { gone, node, service, serviceCIDR } from "../../lib/objects.ts";

const http = ["http:80/TCP"] as const;
const plain = service("plain", "10.96.0.1", http);
const open = service("open", "10.96.0.2", http, {
	type: "NodePort",
	ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_080 }],
});
const ranged = service("ranged", "10.96.0.3", http, {
	type: "LoadBalancer",
	loadBalancerIPs: ["203.0.113.7"],
	loadBalancerSourceRanges: ["192.168.0.0/24"],
});

function settled(settings = DEFAULT_PROXY_SETTINGS): Cluster {
	const cluster = new Cluster("node-a", settings);
	cluster.apply([plain, open, ranged]);
	cluster.setNodeAddresses({ local: ["192.168.0.1"], primary: ["192.168.0.1"] });
	cluster.takeDirty();
	return cluster;
}

const dirtyAfter = (cluster: Cluster, change: () => void): string[] => {
	change();
	return [...cluster.takeDirty()].map((key) => key.replace("default/", "")).sort();
};

test("an address that comes or goes concerns Services with node ports alone", () => {
	const cluster = settled();
	const local = ["192.168.0.1", "192.168.0.2"];
	const come = () => cluster.setNodeAddresses({ local, primary: ["192.168.0.1"] });
	assert.deepEqual(dirtyAfter(cluster, come), ["open"]);
	assert.deepEqual(dirtyAfter(cluster, come), []);
	const linkLocal = [...local, "fe80::1"];
	const same = () => cluster.setNodeAddresses({ local: linkLocal, primary: ["192.168.0.1"] });
	assert.deepEqual(dirtyAfter(cluster, same), []);
});

test("another primary address concerns Services with source ranges", () => {
	const cluster = settled();
	const move = () => cluster.setNodeAddresses({ local: ["192.168.0.1"], primary: ["192.168.9.1"] });
	assert.deepEqual(dirtyAfter(cluster, move), ["ranged"]);
});

test("another primary address moves node ports that are served at primary addresses alone", () => {
	const cluster = settled({ ...DEFAULT_PROXY_SETTINGS, nodePortAddresses: ["primary"] });
	const local = ["192.168.0.1", "192.168.0.2"];
	const second = () => cluster.setNodeAddresses({ local, primary: ["192.168.0.1"] });
	assert.deepEqual(dirtyAfter(cluster, second), []);
	assert.deepEqual([...cluster.reach.nodePortAddresses], ["192.168.0.1"]);
	const move = () => cluster.setNodeAddresses({ local, primary: ["192.168.0.2"] });
	assert.deepEqual(dirtyAfter(cluster, move), ["open", "ranged"]);
	assert.deepEqual([...cluster.reach.nodePortAddresses], ["192.168.0.2"]);
});

test("link-local, unspecific and multicast addresses have no node ports, in both families", () => {
	const cluster = settled();
	const local = ["169.254.1.1", "fe80::1", "febf::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1"];
	cluster.setNodeAddresses({ local: [...local, "fd00::1"], primary: [] });
	assert.deepEqual([...cluster.reach.nodePortAddresses], ["fd00::1"]);
});

test("the addresses that the node really has count, not those of its Node object", () => {
	const cluster = settled();
	assert.deepEqual(
		dirtyAfter(cluster, () => cluster.apply([node(["10.9.9.9"])])),
		[],
	);
	assert.deepEqual([...cluster.reach.nodePortAddresses], ["192.168.0.1"]);
});

test("pod prefixes of the Node concern all Services once they tell pods from others", () => {
	const cluster = settled({ ...DEFAULT_PROXY_SETTINGS, detectLocalMode: "NodeCIDR" });
	const give = (podCIDRs: string[]) => () => cluster.apply([node([], { podCIDRs })]);
	assert.deepEqual(dirtyAfter(cluster, give(["10.1.0.0/24"])), ["open", "plain", "ranged"]);
	// Another prefix is told to the programs, and changes no Service.
	give(["10.2.0.0/24"])();
	assert.ok(cluster.hasDirty);
	assert.equal(cluster.takeDirty().size, 0);
});

test("ServiceCIDRs concern no Service, and are to be looked at all the same", () => {
	const cluster = settled();
	cluster.apply([serviceCIDR(["10.96.0.0/16"])]);
	assert.ok(cluster.hasDirty);
	assert.equal(cluster.takeDirty().size, 0);
	assert.deepEqual([...cluster.serviceCIDRs()], ["10.96.0.0/16"]);
	cluster.apply([gone(serviceCIDR([]))]);
	assert.deepEqual([...cluster.serviceCIDRs()], []);
});

test("other settings have everything looked at again, with claims of what they now allow", () => {
	const externalIPs = ["198.51.100.7"];
	const cluster = new Cluster("node-a", { ...DEFAULT_PROXY_SETTINGS, externalIPsAllowed: [] });
	cluster.apply([service("ext", "10.96.0.4", http, { externalIPs })]);
	const frontend = { address: "198.51.100.7", port: 80, protocol: "TCP" } as const;
	assert.equal(cluster.ownerOf(frontend), undefined);
	assert.match(cluster.skips()[0]?.reason ?? "", /198.51.100.7 is not served: .* allowed/);
	assert.deepEqual(cluster.unserved("default/ext"), cluster.skips());
	cluster.takeDirty();
	const allow = () => cluster.setSettings(DEFAULT_PROXY_SETTINGS);
	assert.deepEqual(dirtyAfter(cluster, allow), ["ext"]);
	assert.equal(cluster.ownerOf(frontend), "default/ext");
	assert.deepEqual(cluster.skips(), []);
});

test("a cluster IP is freed with the last Service that has it", () => {
	const cluster = new Cluster("node-a");
	const [one, two] = [service("one", "10.96.0.9", http), service("two", "10.96.0.9", http)];
	cluster.apply([one, two]);
	cluster.apply([gone(one)]);
	assert.deepEqual([...cluster.takeFreedAddresses()], []);
	assert.ok(cluster.hasAddress("10.96.0.9"));
	cluster.apply([gone(two)]);
	assert.deepEqual([...cluster.takeFreedAddresses()], ["10.96.0.9"]);
	cluster.apply([one]);
	cluster.apply([service("one", "10.96.0.10", http)]);
	cluster.apply([two]);
	assert.deepEqual([...cluster.takeFreedAddresses()], []);
});

test("while another proxy has a Service, no address is known to be nobody's", () => {
	const cluster = settled();
	cluster.apply([serviceCIDR(["10.96.0.0/16"])]);
	const foreign = { kind: "service", key: "default/other", object: undefined, skips: [] } as const;
	const steps: [Change, string[]][] = [
		[{ ...foreign, isForeign: true }, []],
		[{ ...foreign, key: "default/another", isForeign: true }, []],
		[foreign, []],
		[{ ...foreign, key: "default/another" }, ["10.96.0.0/16"]],
		[{ ...foreign, isForeign: true }, []],
		[service("other", "10.96.0.9", http), ["10.96.0.0/16"]],
	];
	for (const [change, cidrs] of steps) {
		const before = cluster.serviceCIDRs();
		cluster.takeDirty();
		cluster.apply([change]);
		assert.deepEqual([...cluster.serviceCIDRs()], cidrs);
		assert.ok(cluster.hasDirty || before.size === cidrs.length);
	}
});
