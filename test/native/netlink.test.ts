import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import type { NetlinkEvent, NetlinkTopic } from "../../src/dataplane/addon.ts";
import { until } from "../lib/until.ts";
import { addon, ifindexOf, returning, shell, VERDICT } from "./programs.ts";

/** IFF_UP */
const UP = 1;
const RTN_UNICAST = 1;
const RTN_BLACKHOLE = 6;
const NUD_PERMANENT = 0x80;

shell(`
	ip link set lo up
	ip link add veth0 address 02:00:00:00:00:01 mtu 1400 type veth peer name veth1
	ip link add br0 type bridge
	ip link set veth1 master br0
	ip link set veth0 up
	ip link set veth1 up
	ip addr add 10.1.2.3/24 dev veth0
	ip addr add 10.1.2.4/32 peer 10.1.9.9/32 dev veth0
	ip -6 addr add fd00:1::3/64 dev veth0 nodad
`);

const linkOf = (name: string) => addon.links().find((link) => link.name === name);

test("links tell name, kind, master, peer, MTU and MAC", () => {
	const veth0 = linkOf("veth0");
	assert.ok(veth0);
	assert.equal(veth0.kind, "veth");
	assert.equal(veth0.mtu, 1400);
	assert.equal(veth0.mac, "02:00:00:00:00:01");
	assert.equal(veth0.link, ifindexOf("veth1"));
	assert.equal(veth0.linkNetnsId, -1);
	assert.equal(veth0.master, 0);
	assert.equal(veth0.type, 1);
	assert.ok(veth0.flags & UP);
	const veth1 = linkOf("veth1");
	assert.equal(veth1?.master, ifindexOf("br0"));
	assert.equal(veth1?.slaveKind, "bridge");
	assert.equal(linkOf("br0")?.kind, "bridge");
	assert.equal(linkOf("lo")?.type, 772);
	assert.equal(linkOf("lo")?.kind, "");
});

test("a veth whose peer is in another namespace says so", async () => {
	const child = await otherNamespace();
	shell(`ip link add away0 type veth peer name away1; ip link set away1 netns ${child.pid}`);
	const away = linkOf("away0");
	assert.ok(away && away.linkNetnsId >= 0, `${away?.linkNetnsId}`);
	shell("ip link del away0");
});

test("addresses of both families come with their prefix and device", () => {
	const mine = addon.addresses().filter(({ ifindex }) => ifindex === ifindexOf("veth0"));
	const texts = mine.map(({ address, prefixLength }) => `${address}/${prefixLength}`);
	assert.ok(texts.includes("10.1.2.3/24"), `${texts}`);
	assert.ok(texts.includes("fd00:1::3/64"), `${texts}`);
	// Of a point-to-point address it is our end, with the peer's prefix.
	assert.ok(texts.includes("10.1.2.4/32"), `${texts}`);
	const four = mine.find(({ address }) => address === "10.1.2.3");
	assert.deepEqual([four?.family, four?.scope], ["IPv4", 0]);
	assert.equal(mine.find(({ address }) => address === "fd00:1::3")?.family, "IPv6");
});

test("default routes, multipath, source and blackhole routes are listed", () => {
	shell(`
		ip route add default via 10.1.2.1 dev veth0 src 10.1.2.3 metric 50
		ip -6 route add default via fd00:1::1 dev veth0
		ip link set br0 up; ip addr add 10.3.0.1/24 dev br0
		ip route add 10.9.0.0/16 nexthop via 10.1.2.8 dev veth0 nexthop via 10.3.0.8 dev br0
		ip route add blackhole 10.66.0.0/16 table 77
	`);
	const routes = addon.routes();
	const veth0 = ifindexOf("veth0");
	const find = (destination: string) => routes.find((route) => route.destination === destination);
	assert.deepEqual(find("0.0.0.0"), {
		family: "IPv4",
		destination: "0.0.0.0",
		prefixLength: 0,
		gateway: "10.1.2.1",
		ifindexes: [veth0],
		source: "10.1.2.3",
		table: 254,
		type: RTN_UNICAST,
		priority: 50,
		protocol: 3,
	});
	assert.equal(find("::")?.gateway, "fd00:1::1");
	assert.equal(find("::")?.family, "IPv6");
	assert.deepEqual(find("10.9.0.0")?.ifindexes, [veth0, ifindexOf("br0")]);
	assert.equal(find("10.66.0.0")?.type, RTN_BLACKHOLE);
	assert.equal(find("10.66.0.0")?.table, 77);
	assert.deepEqual(find("10.66.0.0")?.ifindexes, []);
	assert.equal(
		routes.some(({ table }) => table === 255),
		false,
	);
	const defaults = addon.routes({ onlyDefault: true });
	assert.deepEqual(
		defaults,
		routes.filter(({ prefixLength }) => prefixLength === 0),
	);
	assert.ok(defaults.length > 0);
	assert.equal(
		addon.routes({ local: true }).some(({ table }) => table === 255),
		true,
	);
});

test("neighbours come with their MAC and state", () => {
	shell("ip neigh add 10.1.2.50 lladdr 02:00:00:00:00:50 dev veth0 nud permanent");
	assert.deepEqual(
		addon.neighbours().find(({ address }) => address === "10.1.2.50"),
		{
			ifindex: ifindexOf("veth0"),
			family: "IPv4",
			address: "10.1.2.50",
			mac: "02:00:00:00:00:50",
			state: NUD_PERMANENT,
		},
	);
});

test("every change is told, as an object like those of the lists", async (t) => {
	const events = monitor(t, ["links", "addresses", "routes", "neighbours"]);
	shell(`
		ip link add dummy0 type veth peer name dummy1
		ip link set dummy0 up
		ip addr add 10.7.0.1/24 dev dummy0
		ip route add 10.8.0.0/16 via 10.7.0.2 dev dummy0
		ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:09 dev dummy0
		ip addr del 10.7.0.1/24 dev dummy0
		ip link del dummy0
	`);
	const has = (
		kind: string,
		removed: boolean,
		matches: (event: NetlinkEvent) => boolean,
	): boolean =>
		events.some(
			(event) =>
				event.kind === kind && "removed" in event && event.removed === removed && matches(event),
		);
	const link = (e: NetlinkEvent) => e.kind === "link" && e.link.name === "dummy0";
	const address = (e: NetlinkEvent) => e.kind === "address" && e.address.address === "10.7.0.1";
	const route = (e: NetlinkEvent) => e.kind === "route" && e.route.destination === "10.8.0.0";
	const neighbour = (e: NetlinkEvent) =>
		e.kind === "neighbour" && e.neighbour.address === "10.7.0.9";
	await until("the device is gone", () => has("link", true, link));
	assert.ok(has("link", false, link));
	assert.ok(has("address", false, address) && has("address", true, address));
	assert.ok(has("route", false, route));
	assert.ok(has("neighbour", false, neighbour));
});

test("only the topics that were asked for are told", async (t) => {
	const events = monitor(t, ["addresses"]);
	shell("ip link add dummy0 type veth peer name dummy1; ip addr add 10.7.0.1/24 dev dummy0");
	shell("ip link del dummy0");
	await until("the address is gone", () =>
		events.some((event) => event.kind === "address" && event.removed),
	);
	assert.deepEqual([...new Set(events.map(({ kind }) => kind))], ["address"]);
});

test("lost events are told as an overrun, and later ones arrive again", async (t) => {
	shell("ip link add dummy0 type veth peer name dummy1");
	const add = Array.from(
		{ length: 1000 },
		(_, i) => `addr add 10.9.${i >> 8}.${i & 255}/32 dev dummy0`,
	);
	shell(`ip -batch - <<'EOT'\n${add.join("\n")}\nEOT`);
	const events = monitor(t, ["addresses"], 2048);
	// A thousand events while nobody reads: the shell stops this very process meanwhile.
	shell("trap 'kill -CONT $PPID' EXIT; kill -STOP $PPID; ip link del dummy0");
	await until("the overrun", () => events.some(({ kind }) => kind === "overrun"));
	shell("ip addr add 10.10.0.1/32 dev veth0");
	await until("the next event", () =>
		events.some((e) => e.kind === "address" && e.address.address === "10.10.0.1"),
	);
});

test("a tc filter, and a qdisc with its filters, that go are told of with their device", async (t) => {
	const events = monitor(t, ["filters"]);
	const device = ifindexOf("veth0");
	const removals = () => events.filter((event) => event.kind === "filters-removed");
	addon.tcHookCreate(device);
	const place = { ifindex: device, direction: "ingress", handle: 1, priority: 5 } as const;
	addon.tcAttach(returning(VERDICT.NEXT), place);
	assert.equal(removals().length, 0);
	addon.tcDetach(place);
	await until("the filter is told of", () => removals().length > 0);
	const before = removals().length;
	addon.tcHookDestroy(device);
	await until("the qdisc is told of", () => removals().length > before);
	assert.ok(removals().every(({ ifindex }) => ifindex === device));
});

test("nothing is told after close, and closing again does nothing", async () => {
	const events: NetlinkEvent[] = [];
	const closing = new addon.NetlinkMonitor(["addresses"], (found) => events.push(...found));
	shell("ip addr add 10.11.0.1/32 dev veth0");
	closing.close();
	closing.close();
	await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual(events, []);
});

test("unknown topics are TypeErrors", () => {
	const topics = ["weather"] as unknown as NetlinkTopic[];
	assert.throws(() => new addon.NetlinkMonitor(topics, () => {}), { name: "TypeError" });
});

/** Collects events until the test ends. */
function monitor(
	t: { after(action: () => void): void },
	topics: readonly NetlinkTopic[],
	receiveBuffer = 1 << 20,
): NetlinkEvent[] {
	const events: NetlinkEvent[] = [];
	const opened = new addon.NetlinkMonitor(topics, (found) => events.push(...found), {
		receiveBuffer,
	});
	t.after(() => opened.close());
	return events;
}

/** A process in a network namespace of its own, until the tests are over. */
async function otherNamespace(): Promise<ChildProcess> {
	const child = spawn("unshare", ["--net", "sh", "-c", "echo; exec cat"], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	after(() => child.stdin.end());
	await once(child.stdout, "data");
	return child;
}
