import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceRecord } from "../../../src/agent/device-map.ts";
import {
	type DevicePatterns,
	matchesAny,
	type NetworkView,
	servedDevices,
} from "../../../src/agent/device-view.ts";
import { nodeAddress } from "../../../src/agent/node-address.ts";
import type { Link, LinkAddress, Route } from "../../../src/dataplane/addon.ts";
import { Device } from "../../../src/layout/structs.ts";

const UP = 1;
const ANY: DevicePatterns = { uplinks: [], podDevices: [] };

function link(ifindex: number, name: string, fields: Partial<Link> = {}): Link {
	return {
		ifindex,
		name,
		kind: "",
		slaveKind: "",
		master: 0,
		link: 0,
		linkNetnsId: -1,
		mtu: 1500,
		mac: "02:00:00:00:00:01",
		flags: UP,
		type: 1,
		operstate: 6,
		xdpProgramId: 0,
		...fields,
	};
}

function address(ifindex: number, text: string, fields: Partial<LinkAddress> = {}): LinkAddress {
	const family = text.includes(":") ? "IPv6" : "IPv4";
	return { ifindex, family, address: text, prefixLength: 24, scope: 0, flags: 0, ...fields };
}

function defaultRoute(ifindex: number, fields: Partial<Route> = {}): Route {
	return {
		family: "IPv4",
		destination: "0.0.0.0",
		prefixLength: 0,
		gateway: "192.0.2.1",
		ifindexes: [ifindex],
		source: "",
		table: 254,
		type: 1,
		priority: 0,
		protocol: 3,
		...fields,
	};
}

const LO = link(1, "lo", { flags: UP | 8, type: 772, mac: "00:00:00:00:00:00" });
const POD = { kind: "veth", linkNetnsId: 3 };

function kinds(view: NetworkView, patterns = ANY, nodeAddresses: string[] = []): object {
	const served = servedDevices(view, patterns, nodeAddresses);
	return Object.fromEntries(served.map(({ name, kind }) => [name, kind]));
}

test("the default route's device, addressed hardware and tunnels are uplinks; veths into other namespaces are pods", () => {
	const view = {
		links: [
			LO,
			link(2, "eth0"),
			link(3, "eth1"),
			link(4, "eth2"),
			link(5, "vethA", POD),
			link(6, "cni0", { kind: "bridge" }),
			link(7, "vethB", { ...POD, master: 6, slaveKind: "bridge" }),
			link(8, "vethLocal", { kind: "veth" }),
			link(9, "flannel.1", { kind: "vxlan" }),
			link(10, "kube-ipvs0", { kind: "dummy" }),
			link(11, "tunl0", { kind: "ipip", flags: 0 }),
			link(12, "vnet0", { kind: "tun", slaveKind: "bridge", master: 6 }),
		],
		addresses: [
			address(3, "10.1.0.1"),
			address(4, "fe80::1", { scope: 253 }),
			address(6, "10.2.0.1"),
			address(10, "10.96.0.1"),
		],
		routes: [defaultRoute(2)],
	};
	assert.deepEqual(kinds(view), {
		lo: "loopback",
		eth0: "uplink",
		eth1: "uplink",
		vethA: "pod",
		vethB: "pod",
		"flannel.1": "uplink",
		vnet0: "pod",
	});
});

test("a veth with the default route is an uplink, not a pod", () => {
	const view = { links: [link(2, "eth0", POD)], addresses: [], routes: [defaultRoute(2)] };
	assert.deepEqual(kinds(view), { eth0: "uplink" });
});

test("a device that carries an address of the Node object is an uplink", () => {
	const view = {
		links: [link(2, "vethA", POD)],
		addresses: [address(2, "10.5.0.1")],
		routes: [],
	};
	assert.deepEqual(kinds(view), { vethA: "pod" });
	assert.deepEqual(kinds(view, ANY, ["10.5.0.1"]), { vethA: "uplink" });
});

test("patterns replace discovery, each for its own kind", () => {
	const view = {
		links: [LO, link(2, "eth0"), link(3, "tap7"), link(4, "vethA", POD)],
		addresses: [],
		routes: [defaultRoute(2)],
	};
	assert.deepEqual(kinds(view, { uplinks: [], podDevices: ["tap*"] }), {
		lo: "loopback",
		eth0: "uplink",
		tap7: "pod",
	});
	assert.deepEqual(kinds(view, { uplinks: ["tap?"], podDevices: [] }), {
		lo: "loopback",
		tap7: "uplink",
		vethA: "pod",
	});
});

test("only a pod behind a pair of devices has a network namespace whose sockets can be asked", () => {
	const view = {
		links: [
			link(2, "eth0", { kind: "vxlan", linkNetnsId: 4 }),
			link(7, "vethA", POD),
			link(8, "nk8", { kind: "netkit", linkNetnsId: 0 }),
			link(9, "tap9", { kind: "tun", slaveKind: "bridge", master: 6 }),
		],
		addresses: [],
		routes: [defaultRoute(2)],
	};
	const records = servedDevices(view, ANY, []).map((device) => {
		const bytes = new DataView(new ArrayBuffer(Device.SIZE));
		Device.encode(deviceRecord(device, false), bytes, 0);
		return [device.name, Device.decode(bytes, 0).netns_id];
	});
	assert.deepEqual(Object.fromEntries(records), { eth0: -1, vethA: 3, nk8: 0, tap9: -1 });
});

test("a bridged pod is masqueraded with its bridge's address, an uplink with its own first usable one", () => {
	const view = {
		links: [
			link(2, "eth0"),
			link(6, "cni0", { kind: "bridge" }),
			link(7, "vethB", { ...POD, master: 6, slaveKind: "bridge" }),
		],
		addresses: [
			address(2, "169.254.1.1"),
			address(2, "192.0.2.9", { flags: 0x01 }),
			address(2, "192.0.2.2"),
			address(2, "fd00::9", { flags: 0x40 }),
			address(2, "fd00::2"),
			address(6, "10.2.0.1"),
		],
		routes: [defaultRoute(2)],
	};
	const [eth0, vethB] = servedDevices(view, ANY, []);
	assert.equal(eth0?.masq4, "192.0.2.2");
	assert.equal(eth0?.masq6, "fd00::2");
	assert.equal(vethB?.masq4, "10.2.0.1");
	assert.equal(vethB?.masq6, "");
	assert.equal(vethB?.master, 6);
});

test("names match patterns of * and ?, and nothing else is special", () => {
	assert.ok(matchesAny("eth0.100", ["eth0.*"]));
	assert.ok(!matchesAny("eth0x100", ["eth0.*"]));
	assert.ok(matchesAny("eth1", ["ens*", "eth?"]));
	assert.ok(!matchesAny("eth10", ["eth?"]));
});

test("the node's address is the override, else the Node object's if it is here, else the default route's", () => {
	const view = {
		links: [link(2, "eth0"), link(3, "eth1")],
		addresses: [address(2, "192.0.2.2"), address(3, "10.1.0.1"), address(3, "fd01::1")],
		routes: [
			defaultRoute(3, { priority: 100 }),
			defaultRoute(2, { priority: 10 }),
			defaultRoute(3, { family: "IPv6", source: "fd01::5" }),
		],
	};
	assert.equal(nodeAddress(view, "IPv4", "198.51.100.1", []), "198.51.100.1");
	assert.equal(nodeAddress(view, "IPv4", "", ["203.0.113.1", "10.1.0.1"]), "10.1.0.1");
	assert.equal(nodeAddress(view, "IPv4", "", ["203.0.113.1"]), "192.0.2.2");
	assert.equal(nodeAddress(view, "IPv6", "198.51.100.1", []), "fd01::5");
	assert.equal(nodeAddress({ ...view, routes: [] }, "IPv6", "", []), "fd01::1");
	assert.equal(nodeAddress({ links: [], addresses: [], routes: [] }, "IPv4", "", []), "");
});
