import assert from "node:assert/strict";
import { test } from "node:test";
import { FilterKind, Flow, FlowKey } from "../../../src/layout/structs.ts";
import { addressToBytes } from "../../../src/model/address-bytes.ts";
import type { FlowPass } from "../../../src/sync/flow-pass.ts";
import { endpoint, gone, service, serviceCIDR, slice } from "../../lib/objects.ts";
import { Agent, freshDump, smallMaps } from "./lib.ts";
import { inFilter, lookup } from "./lookup.ts";

const http = ["http:80/TCP"] as const;
const pods = ["http:8080/TCP"] as const;
const web = service("web", "10.96.0.1", http);
const two = slice("web-a", pods, ["10.0.0.1", "10.0.0.2"]);
const dns = service("dns", "10.96.0.2", ["dns:53/UDP"]);
const dnsPods = ["dns:53/UDP"] as const;

function look(agent: Agent, vip: string, port = 80, proto = 6) {
	return lookup(agent.maps, vip, { port, proto, scope: 0 });
}

test("a change of one endpoint costs the same few writes however large the cluster is", async () => {
	const others = Array.from({ length: 40 }, (_, i) => [
		service(`s${i}`, `10.96.1.${i}`, http),
		slice(`s${i}-a`, pods, [`10.1.0.${i}`]),
	]).flat();
	const agent = await Agent.start(smallMaps(), [web, two, ...others]);
	const writes = await agent.sync([slice("web-a", pods, ["10.0.0.1"])]);
	assert.equal(writes, 3);
});

test("the status counts ports of which a policy is Local and whose endpoints are all elsewhere, by policy", async () => {
	const none = { IPv4: 0, IPv6: 0 };
	const one = { IPv4: 1, IPv6: 0 };
	const ports = [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_080 }] as const;
	const inside = service("near", "10.96.0.3", http, { internalTrafficPolicy: "Local" });
	const outside = service("gate", "10.96.0.4", http, {
		...{ type: "NodePort", ports, externalIPs: ["198.51.100.7"] },
		externalTrafficPolicy: "Local",
	});
	const far = (name: string) =>
		slice(`${name}-a`, pods, [endpoint("10.0.0.9", { nodeName: "node-b" })]);
	const agent = await Agent.start(smallMaps(), [web, two, inside, far("near")]);
	const counted = () => agent.syncer.status().noLocalEndpoints;
	assert.deepEqual(counted(), { internal: one, external: none });
	await agent.sync([outside, far("gate")]);
	assert.deepEqual(counted(), { internal: one, external: one });
	await agent.sync([slice("near-a", pods, [endpoint("10.0.0.9", { nodeName: "node-a" })])]);
	assert.deepEqual(counted(), { internal: none, external: one });
	await agent.sync([slice("gate-a", pods, [])]);
	assert.deepEqual(counted(), { internal: none, external: none });
});

test("an endpoint that moves between slices writes nothing", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const moved = [slice("web-a", pods, ["10.0.0.1"]), slice("web-b", pods, ["10.0.0.2"])];
	assert.equal(await agent.sync(moved), 0);
});

test("ids of removed services and backends rest until a flow pass has not met them", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	await agent.sync([gone(web), gone(two)]);
	const { resting } = agent.syncer.status();
	assert.deepEqual({ ...resting, sets: 0 }, { services: 1, backends: 2, sets: 0 });
	await agent.flowPass();
	await agent.flowPass();
	const after = agent.syncer.status();
	assert.deepEqual({ ...after.resting, sets: 0 }, { services: 0, backends: 0, sets: 0 });
	assert.equal(after.lingeringBits, 0);
	const filter = new BigUint64Array(agent.maps.filter.memory());
	assert.ok(filter.every((word) => word === 0n));
	assert.equal(agent.maps.names.lookupBatch(undefined, 10).count, 0);
});

test("a flow holds back its backend id, its service id and the filter bits of its packets", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	await agent.sync([gone(web), gone(two)]);
	const ids = { service: 1, backend: 1 };
	await agent.flowPass((pass) => seeFlow(pass, "10.96.0.1", ids));
	await agent.flowPass((pass) => seeFlow(pass, "10.96.0.1", ids));
	const { resting, lingeringBits } = agent.syncer.status();
	assert.equal(resting.backends, 1);
	assert.equal(resting.services, 1);
	assert.equal(lingeringBits, 2, "of the tuple, of the address");
	await agent.flowPass();
	await agent.flowPass();
	assert.equal(agent.syncer.status().lingeringBits, 0);
});

test("flows of a Service that is gone are noticed by a filter that knew less, until they end", async () => {
	const { maps } = await Agent.start(smallMaps(), [web, two]);
	new Uint8Array(maps.filter.memory()).fill(0);
	const agent = await Agent.start(maps, []);
	const ids = { service: 1, backend: 1 };
	const pass = agent.syncer.beginFlowPass();
	seeFlow(pass, "10.96.0.9", ids);
	agent.syncer.setFlowBits(pass);
	const flow = { addr: addressToBytes("10.96.0.9"), port: 80, proto: 6 };
	assert.ok(inFilter(maps, FilterKind.FILTER_FRONTEND, flow));
	await agent.flowPass((next) => seeFlow(next, "10.96.0.9", ids));
	assert.ok(inFilter(maps, FilterKind.FILTER_FRONTEND, flow));
	await agent.flowPass();
	assert.ok(!inFilter(maps, FilterKind.FILTER_FRONTEND, flow));
});

test("open connections of sockets hold back their backend's id until they end", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const stats = new BigUint64Array(agent.maps.backend_stats.memory());
	stats.set([3n, 2n], 2);
	await agent.sync([gone(two)]);
	await agent.flowPass();
	assert.equal(agent.syncer.status().resting.backends, 1);
	stats.set([3n, 3n], 2);
	await agent.flowPass();
	assert.equal(agent.syncer.status().resting.backends, 0);
	assert.deepEqual([...stats.subarray(2, 4)], [0n, 0n], "the next owner begins at zero");
});

test("an id that went to rest during a pass is not released by that pass", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	agent.timing.ms += 5000;
	const pass = agent.syncer.beginFlowPass();
	await agent.sync([gone(two)]);
	agent.timing.ms += 5000;
	await agent.syncer.endFlowPass(pass);
	assert.equal(agent.syncer.status().resting.backends, 2);
});

test("an endpoint that comes back while its id rests has the same id and generation", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const before = new Uint8Array(agent.maps.backends.memory().slice(0));
	await agent.sync([gone(two)]);
	await agent.sync([two]);
	assert.deepEqual(new Uint8Array(agent.maps.backends.memory()), before);
	await agent.flowPass();
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080 10.0.0.2:8080");
});

test("an id that is given to another endpoint has another generation", async () => {
	const agent = await Agent.start(smallMaps({ backends: 2 }), [
		web,
		slice("web-a", pods, ["10.0.0.1"]),
	]);
	await agent.sync([gone(two)]);
	await agent.flowPass();
	await agent.sync([slice("web-a", pods, ["10.0.0.9"])]);
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.9:8080");
	const up = agent.writes.filter((write) => write.kind === "backend-up");
	assert.deepEqual(
		up.map((write) => [write.id, write.word >>> 8]),
		[
			[1, 1],
			[1, 2],
		],
	);
});

test("a range of slots is not written again for more than a second", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const bases: number[] = [];
	for (let i = 0; i < 20; i++) {
		agent.timing.ms += 100;
		await agent.sync([slice("web-a", pods, ["10.0.0.1", `10.0.0.${2 + (i % 2)}`])]);
		const write = agent.writes.findLast((one) => one.kind === "slots");
		bases.push(write?.base ?? -1);
	}
	for (const [i, base] of bases.entries()) {
		assert.ok(!bases.slice(Math.max(0, i - 10), i).includes(base), `slots ${base} too early`);
	}
	assert.ok(new Set(bases).size < bases.length, "ranges are used again later");
});

test("a removed UDP endpoint leaves a tombstone, which goes when the endpoint is back", async () => {
	const both = slice("dns-a", dnsPods, ["10.0.1.1", "10.0.1.2"]);
	const agent = await Agent.start(smallMaps(), [dns, both]);
	await agent.sync([slice("dns-a", dnsPods, ["10.0.1.2"])]);
	assert.match(agent.dump(), /10\.0\.1\.1:53\/UDP -> default\/dns:dns/);
	await agent.sync([both]);
	assert.doesNotMatch(agent.dump(), /UDP -> .*\n.*10\.0\.1\.1:53\/UDP ->/);
	assert.equal(agent.syncer.status().tombstones, 0);
});

test("a TCP endpoint leaves no tombstone", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	await agent.sync([gone(two)]);
	assert.equal(agent.syncer.status().tombstones, 0);
});

/** Two Services with one UDP endpoint. */
const copy = service("copy", "10.96.0.3", ["dns:53/UDP"]);
const endpointOf = (name: string, ...addresses: string[]) => slice(`${name}-a`, dnsPods, addresses);
const SHARED = "10.0.1.1";
const TOMBSTONE = /10\.0\.1\.1:53\/UDP -> default\/(dns|copy):/;
const shared = () =>
	Agent.start(smallMaps(), [dns, copy, endpointOf("dns", SHARED), endpointOf("copy", SHARED)]);

test("a UDP endpoint that leaves one of two Services leaves a tombstone", async () => {
	const agent = await shared();
	await agent.sync([endpointOf("dns")]);
	assert.equal(TOMBSTONE.exec(agent.dump())?.[1], "dns");
	await agent.sync([endpointOf("dns", SHARED)]);
	assert.equal(agent.syncer.status().tombstones, 0);
});

test("a tombstone stays when another Service takes the endpoint", async () => {
	const agent = await shared();
	await agent.sync([endpointOf("dns"), endpointOf("copy", "10.0.1.2")]);
	await agent.sync([endpointOf("copy", "10.0.1.2", SHARED)]);
	assert.equal(TOMBSTONE.exec(agent.dump())?.[1], "dns");
});

test("a tombstone stays until the endpoint is back in all Services that it left", async () => {
	const agent = await shared();
	await agent.sync([endpointOf("dns")]);
	await agent.sync([endpointOf("copy")]);
	assert.equal(TOMBSTONE.exec(agent.dump())?.[1], "copy");
	await agent.sync([endpointOf("copy", SHARED)]);
	assert.equal(TOMBSTONE.exec(agent.dump())?.[1], "dns");
	await agent.sync([endpointOf("dns", SHARED)]);
	assert.equal(agent.syncer.status().tombstones, 0);
});

test("a tombstone of two Services goes with the last of them", async () => {
	const agent = await shared();
	await agent.sync([endpointOf("dns"), endpointOf("copy")]);
	await agent.sync([gone(copy)]);
	assert.equal(TOMBSTONE.exec(agent.dump())?.[1], "dns");
	await agent.sync([gone(dns)]);
	assert.equal(agent.syncer.status().tombstones, 0);
});

test("a flow to a tombstone keeps being noticed after the endpoint is back", async () => {
	const agent = await Agent.start(smallMaps(), [dns, slice("dns-a", dnsPods, ["10.0.1.1"])]);
	await agent.sync([slice("dns-a", dnsPods, [])]);
	await agent.sync([slice("dns-a", dnsPods, ["10.0.1.1"])]);
	const flow = { dport: 53, proto: 17, service: 1, backend: 1 };
	await agent.flowPass((pass) => seeFlow(pass, "10.0.1.1", flow));
	assert.equal(agent.syncer.status().lingeringBits, 2, "of the tuple, of the address");
	await agent.flowPass();
	assert.equal(agent.syncer.status().lingeringBits, 0);
});

test("the tombstones of a Service go with it", async () => {
	const agent = await Agent.start(smallMaps(), [dns, slice("dns-a", dnsPods, ["10.0.1.1"])]);
	await agent.sync([slice("dns-a", dnsPods, [])]);
	await agent.sync([gone(dns)]);
	assert.equal(agent.syncer.status().tombstones, 0);
});

test("more tombstones than their map holds push out the oldest", async () => {
	const many = Array.from({ length: 12 }, (_, i) => `10.0.1.${i + 1}`);
	const agent = await Agent.start(smallMaps({ tombstones: 4 }), [
		dns,
		slice("dns-a", dnsPods, many),
	]);
	await agent.sync([slice("dns-a", dnsPods, ["10.0.2.1"])]);
	await agent.sync();
	assert.equal(agent.syncer.status().tombstones, 4);
});

test("an endpoint that only terminates drains: its connections go on", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const leaving = endpoint("10.0.0.2", { ready: false, terminating: true });
	await agent.sync([slice("web-a", pods, ["10.0.0.1", leaving])]);
	assert.match(agent.dump(), /10\.0\.0\.2:8080 draining/);
	await agent.sync([slice("web-a", pods, ["10.0.0.1"])]);
	assert.doesNotMatch(agent.dump(), /10\.0\.0\.2/);
});

test("no room for a Service's frontends: it fails, others do not, and it comes when there is room", async () => {
	const agent = await Agent.start(smallMaps({ frontends: 8 }), [web, two, dns]);
	const late = [service("late", "10.96.0.9", http), slice("late-a", pods, ["10.0.0.9"])];
	await agent.sync(late);
	const { failures, refused, fullMaps } = agent.syncer.status();
	assert.deepEqual([...failures.keys()], ["default/late", "node"]);
	assert.deepEqual([[...refused], [...fullMaps]], [[], ["frontends"]]);
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080 10.0.0.2:8080");
	await agent.sync([gone(dns)]);
	agent.timing.ms += 2000;
	await agent.sync();
	assert.equal(look(agent, "10.96.0.9"), "10.0.0.9:8080");
	assert.equal(agent.syncer.status().failures.size, 0);
	assert.equal(agent.syncer.status().fullMaps.size, 0);
});

test("no room for all backends: those that fit are served, removed ones are not", async () => {
	const many = Array.from({ length: 9 }, (_, i) => `10.0.0.${i + 1}`);
	const agent = await Agent.start(smallMaps({ backends: 6 }), [web, slice("web-a", pods, many)]);
	assert.equal(look(agent, "10.96.0.1").split(" ").length, 5);
	assert.deepEqual([...agent.syncer.status().fullMaps], ["backends"]);
	await agent.sync([slice("web-a", pods, many.slice(0, 3))]);
	assert.equal(look(agent, "10.96.0.1").split(" ").length, 3);
	assert.equal(agent.syncer.status().failures.size, 0);
});

test("no room for a new set: removed endpoints are gone, the new set comes when there is room", async () => {
	const agent = await Agent.start(smallMaps({ slots: 3 }), [web, two]);
	await agent.sync([slice("web-a", pods, ["10.0.0.1", "10.0.0.3"])]);
	assert.deepEqual([...agent.syncer.status().fullMaps], ["slots"]);
	assert.match(agent.dump(), /10\.0\.0\.1:8080 active/);
	assert.doesNotMatch(agent.dump(), /10\.0\.0\.2:8080 active/);
	await agent.sync([gone(two)]);
	agent.timing.ms += 2000;
	await agent.sync([slice("web-a", pods, ["10.0.0.1", "10.0.0.3"])]);
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080 10.0.0.3:8080");
});

test("no room for names or service ids: the Service fails and nothing of it is begun", async () => {
	for (const sizes of [{ names: 1 }, { services: 2 }]) {
		const agent = await Agent.start(smallMaps(sizes), [web, two]);
		await agent.sync([dns]);
		assert.equal(look(agent, "10.96.0.2", 53, 17), "miss");
		assert.deepEqual([...agent.syncer.status().failures.keys()], ["default/dns"]);
		assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080 10.0.0.2:8080");
	}
});

test("two ports with one target port are two entries, each of which goes alone", async () => {
	const both = service("web", "10.96.0.1", ["http:80/TCP", "alt:81/TCP"]);
	const targets = slice("web-a", ["http:8080/TCP", "alt:8080/TCP"], ["10.0.0.1"]);
	const agent = await Agent.start(smallMaps(), [both, targets]);
	assert.equal(look(agent, "10.96.0.1", 80), "10.0.0.1:8080");
	assert.equal(look(agent, "10.96.0.1", 81), "10.0.0.1:8080");
	await agent.sync([service("web", "10.96.0.1", ["http:80/TCP"])]);
	assert.equal(look(agent, "10.96.0.1", 80), "10.0.0.1:8080");
	assert.equal(look(agent, "10.96.0.1", 81), "miss");
});

test("a Service that the kernel refuses for another reason is tried again", async () => {
	const agent = await Agent.start(smallMaps());
	agent.before = (write) => {
		if (write.kind === "frontend") throw new Error("out of memory");
	};
	agent.cluster.apply([web, two]);
	const { failed } = await agent.syncer.syncOnce();
	assert.equal(failed, 1);
	assert.deepEqual([...agent.syncer.status().refused], ["default/web"]);
	assert.equal(agent.syncer.status().failures.get("default/web"), "out of memory");
	agent.before = () => undefined;
	agent.timing.ms += 2000;
	await agent.sync();
	assert.equal(agent.dump(), await freshDump([web, two]));
});

test("a Service that was refused is tried again although others change all the time", async () => {
	const agent = await Agent.start(smallMaps(), [web]);
	agent.before = (write) => {
		if (write.kind === "frontend") throw new Error("out of memory");
	};
	agent.cluster.apply([dns]);
	assert.equal((await agent.syncer.syncOnce()).failed, 1);
	agent.before = () => undefined;
	for (let change = 1; change <= 4; change++) {
		agent.timing.ms += 600;
		agent.cluster.apply([slice("web-a", pods, [`10.0.0.${change}`])]);
		await agent.syncer.syncOnce();
	}
	assert.equal(agent.syncer.status().failures.size, 0);
});

test("a Service of 10,000 endpoints is served whole", async () => {
	const addresses = Array.from({ length: 10_000 }, (_, i) => `10.2.${i >> 8}.${i & 255}`);
	const sizes = { backends: 16384, slots: 32768, filter: 4096 };
	const agent = await Agent.start(smallMaps(sizes), [web, slice("web-a", pods, addresses)]);
	assert.equal(look(agent, "10.96.0.1").split(" ").length, 10_000);
	assert.equal(await agent.sync([slice("web-a", pods, addresses.slice(1))]), 3);
});

test("trigger times come out of the run that wrote their change", async () => {
	const agent = await Agent.start(smallMaps(), [web]);
	agent.cluster.apply([slice("web-a", pods, ["10.0.0.1"], { triggerTimeMs: 4711 })]);
	assert.deepEqual((await agent.syncer.syncOnce()).triggers, [4711]);
	assert.deepEqual((await agent.syncer.syncOnce()).triggers, []);
});

/** A page of one forward flow to `vip`. */
function seeFlow(
	pass: FlowPass,
	vip: string,
	{ dport = 80, proto = 6, ...ids }: Partial<FlowKey> & { service: number; backend: number },
): void {
	const keys = new Uint8Array(FlowKey.SIZE);
	const values = new Uint8Array(Flow.SIZE);
	const key = { src: addressToBytes("10.9.9.9"), dst: addressToBytes(vip), sport: 4000, dport };
	FlowKey.encode({ ...key, proto, direction: 0 }, new DataView(keys.buffer), 0);
	new DataView(values.buffer).setUint32(Flow.OFFSET.backend, ids.backend, true);
	new DataView(values.buffer).setUint32(Flow.OFFSET.service, ids.service, true);
	pass.see(keys, values, 1);
}

test("a cluster IP refuses its other ports until the last Service that has it is gone", async () => {
	const twin = service("twin", "10.96.0.1", ["admin:81/TCP"]);
	const agent = await Agent.start(smallMaps(), [web, two, twin]);
	const unknown = () => lookup(agent.maps, "10.96.0.1", { port: 0, proto: 0, scope: 0 });
	assert.equal(unknown(), "refused");
	await agent.sync([gone(twin)]);
	assert.equal(unknown(), "refused");
	await agent.sync([gone(web), gone(two)]);
	assert.equal(unknown(), "miss");
});

test("a node address costs the entries of node ports, and no other Service anything", async () => {
	const ports = [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_080 }] as const;
	const open = service("open", "10.96.0.8", http, { type: "NodePort", ports });
	const agent = await Agent.start(smallMaps(), [web, two, dns, open]);
	const local = ["192.168.0.1", "192.168.0.2"];
	agent.cluster.setNodeAddresses({ local, primary: [] });
	assert.deepEqual([...agent.cluster.takeDirty()], ["default/open"]);
	agent.cluster.markDirty("default/open");
	const before = agent.writes.length;
	await agent.sync();
	const kinds = agent.writes.slice(before).map(({ kind }) => kind);
	assert.deepEqual(new Set(kinds), new Set(["filter-set", "frontend"]));
	assert.equal(kinds.filter((kind) => kind === "frontend").length, 4);
	agent.cluster.setNodeAddresses({ local: local.slice(1), primary: [] });
	const { services } = await agent.syncer.syncOnce();
	assert.deepEqual(services, ["default/open"]);
});

test("affinity and its time-out are one store into the service, which leaves its sets alone", async () => {
	const agent = await Agent.start(smallMaps(), [web, two]);
	const before = agent.writes.length;
	await agent.sync([service("web", "10.96.0.1", http, { affinitySeconds: 10 })]);
	assert.deepEqual(
		agent.writes.slice(before).map(({ kind }) => kind),
		["service"],
	);
	assert.equal(look(agent, "10.96.0.1"), "10.0.0.1:8080 10.0.0.2:8080");
	assert.match(agent.dump(), /affinity 10s/);
});

test("prefixes of pods and Services are written, kept over a restart, and go", async () => {
	const cidrs = serviceCIDR(["10.96.0.0/16", "::/14"]);
	const { maps } = await Agent.start(smallMaps(), [web, cidrs]);
	const second = await Agent.start(maps, [web, cidrs]);
	assert.deepEqual(second.writes, []);
	assert.match(second.dump(), /service_cidrs\n {2}10\.96\.0\.0\/16\n {2}1::\/16\n {2}2::\/15\n/);
	const third = await Agent.start(maps, [web]);
	assert.doesNotMatch(third.dump(), /service_cidrs/);
});
