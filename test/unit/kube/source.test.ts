import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../lib/until.ts";
import {
	CIDRS,
	Following,
	IMPATIENT,
	NODE_NAME,
	NODES,
	RecordingClock,
	SERVICES,
	SLICES,
	service,
	slice,
	startFake,
} from "./lib.ts";

test("all objects are delivered before the source is synced, once", async (t) => {
	const server = await startFake(t);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	server.store.put(SLICES, slice("web-1", "10.0.0.1"));
	server.store.put(NODES, { metadata: { name: NODE_NAME } });
	server.store.put(NODES, { metadata: { name: "another" } });
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	assert.deepEqual([...following.state.keys()].sort(), [
		"node node-a",
		"service default/web",
		"slice default/web-1",
	]);
	assert.deepEqual(
		following.source
			.status()
			.map(({ kind, synced, error, objects }) => [kind, synced, error, objects]),
		[
			["Services", true, "", 1],
			["EndpointSlices", true, "", 1],
			["Node", true, "", 1],
			["ServiceCIDRs", true, "", 0],
		],
	);
});

test("ServiceCIDRs are followed like the others", async (t) => {
	const server = await startFake(t);
	const cidr = (...cidrs: string[]) => ({ metadata: { name: "kubernetes" }, spec: { cidrs } });
	server.store.put(CIDRS, cidr("10.96.0.0/16", "nonsense"));
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	const delivered = () => following.state.get("cidr kubernetes");
	assert.deepEqual(delivered()?.object, { name: "kubernetes", cidrs: ["10.96.0.0/16"] });
	assert.match(delivered()?.skips[0]?.reason ?? "", /"nonsense", not an address and a prefix/);
	server.store.put(CIDRS, cidr("10.96.0.0/16", "FD96::/112"));
	await until("the change has come", () => JSON.stringify(delivered()).includes("fd96::/112"));
	server.store.delete(CIDRS, "kubernetes");
	await until("the object is gone", () => delivered()?.object === undefined);
});

test("without ServiceCIDRs, or the right to read them, all else is followed and nothing fails", async (t) => {
	for (const status of [403, 404]) {
		const server = await startFake(t);
		server.faultFor = ({ path }) => (path === CIDRS ? { kind: "status", status } : undefined);
		server.store.put(SERVICES, service("web", "10.96.0.1"));
		const following = new Following(t, { server: server.url });
		await following.untilSynced();
		assert.equal(following.clusterIP("web"), "10.96.0.1");
		const line = following.source.status().find(({ kind }) => kind === "ServiceCIDRs");
		assert.match(line?.error ?? "", new RegExp(`answers ${status}`));
		assert.equal(line?.failures, 0);
	}
});

test("ServiceCIDRs that stay away are asked for ever more seldom, and followed once they are there", async (t) => {
	const server = await startFake(t);
	let isThere = false;
	server.faultFor = ({ path }) =>
		path === CIDRS && !isThere ? { kind: "status", status: 404 } : undefined;
	const clock = new RecordingClock();
	const following = new Following(t, { server: server.url }, { clock });
	await until("it has waited long", () => clock.pauses.includes(300_000));
	assert.ok(clock.pauses.indexOf(300_000) >= 8);
	isThere = true;
	server.store.put(CIDRS, { metadata: { name: "late" }, spec: { cidrs: ["10.96.0.0/16"] } });
	await until("they have come", () => following.state.get("cidr late")?.object !== undefined);
	const line = following.source.status().find(({ kind }) => kind === "ServiceCIDRs");
	assert.deepEqual([line?.synced, line?.error], [true, ""]);
});

test("writes are followed: added, changed, deleted, deleted and made anew", async (t) => {
	const server = await startFake(t);
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	await following.untilClusterIP("web", "10.96.0.1");
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	await following.untilClusterIP("web", "10.96.0.2");
	server.store.delete(SERVICES, "default/web");
	await following.untilClusterIP("web", undefined);
	server.store.put(SERVICES, service("web", "10.96.0.3"));
	await following.untilClusterIP("web", "10.96.0.3");
	assert.equal(following.synced, 1);
	assert.equal(server.requests.filter(({ path }) => path === SERVICES).length, 1);
});

test("what kube-proxy would not watch is not there, or goes, but for whether a Service is another proxy's", async (t) => {
	const server = await startFake(t);
	const labels = { "service.kubernetes.io/service-proxy-name": "" };
	server.store.put(SERVICES, service("other", "10.96.0.1", { labels }));
	server.store.put(SERVICES, service("headless", "None"));
	server.store.put(
		SLICES,
		slice("headless-1", "10.0.0.1", { "service.kubernetes.io/headless": "" }),
	);
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	const isForeign = (name: string): boolean | undefined => {
		const change = following.state.get(`service default/${name}`);
		return change?.kind === "service" ? (change.isForeign ?? false) : undefined;
	};
	assert.deepEqual([...following.state.keys()].sort(), [
		"service default/other",
		"service default/web",
	]);
	assert.equal(following.clusterIP("other"), undefined);
	assert.deepEqual([isForeign("other"), isForeign("web")], [true, false]);
	server.store.put(SERVICES, service("web", "10.96.0.2", { labels }));
	await following.untilClusterIP("web", undefined);
	assert.equal(isForeign("web"), true);
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	await following.untilClusterIP("web", "10.96.0.2");
	assert.equal(isForeign("web"), false);
});

test("a slice that gets the label of headless Services is gone, and back without it", async (t) => {
	const server = await startFake(t);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	server.store.put(SLICES, slice("web-1", "10.0.0.1"));
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	const has = () => following.state.get("slice default/web-1")?.object !== undefined;
	assert.ok(has());
	const labels = { "service.kubernetes.io/headless": "" };
	server.store.put(SLICES, slice("web-1", "10.0.0.1", labels));
	await until("the slice is gone", () => !has());
	server.store.put(SLICES, slice("web-1", "10.0.0.1"));
	await until("the slice is back", has);
});

for (const watchList of ["ignored", "refused"] as const) {
	test(`a server that has WatchList ${watchList} is listed and watched, and not asked again`, async (t) => {
		const server = await startFake(t, { watchList, clusterIPField: false });
		server.store.put(SERVICES, service("web", "10.96.0.1"));
		server.store.put(SERVICES, service("headless", "None"));
		const following = new Following(t, { server: server.url });
		await following.untilSynced();
		assert.equal(following.clusterIP("web"), "10.96.0.1");
		assert.equal(following.clusterIP("headless"), undefined);
		server.store.put(SERVICES, service("web", "10.96.0.2"));
		await following.untilClusterIP("web", "10.96.0.2");
		server.store.compact();
		server.store.put(SERVICES, service("web", "10.96.0.3"));
		await server.stop();
		await server.start();
		await following.untilClusterIP("web", "10.96.0.3");
		const initial = server.requests.filter(
			({ path, query }) => path === SERVICES && query.has("sendInitialEvents"),
		);
		assert.ok(initial.length <= 2, `asked ${initial.length} times`);
	});
}

test("a server that never ends its initial events, and says nothing, is listed in the end", async (t) => {
	const server = await startFake(t, { watchList: "ignored", bookmarkMs: 60_000 });
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	const following = new Following(t, { server: server.url }, { timings: IMPATIENT });
	await following.untilSynced();
	assert.equal(following.clusterIP("web"), "10.96.0.1");
});

test("after a disconnect the watch goes on from the last version, without a list", async (t) => {
	const server = await startFake(t);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	await server.stop();
	await until("the error is shown", () => following.error() !== "");
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	const before = server.requests.length;
	await server.start();
	await following.untilClusterIP("web", "10.96.0.2");
	const modes = new Set(server.requests.slice(before).map(({ mode }) => mode));
	assert.deepEqual([...modes], ["watch"]);
	await until("the error is gone", () => following.error() === "");
});

test("when history is gone, one batch says what is different, and nothing else", async (t) => {
	const server = await startFake(t);
	for (const name of ["same", "changed", "gone", "renewed"]) {
		server.store.put(SERVICES, service(name, "10.96.0.1"));
	}
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	following.batches.length = 0;
	await server.stop();
	server.store.put(SERVICES, service("changed", "10.96.0.2"));
	server.store.delete(SERVICES, "default/gone");
	server.store.delete(SERVICES, "default/renewed");
	server.store.put(SERVICES, service("renewed", "10.96.0.2"));
	server.store.put(SERVICES, service("new", "10.96.0.2"));
	server.store.compact();
	await server.start();
	await following.untilClusterIP("new", "10.96.0.2");
	assert.equal(following.batches.length, 1);
	assert.deepEqual(
		following.batches[0]?.map(({ key, object }) => `${key} ${object ? "is" : "gone"}`).sort(),
		[
			"default/changed is",
			"default/gone gone",
			"default/new is",
			"default/renewed gone",
			"default/renewed is",
		],
	);
});
