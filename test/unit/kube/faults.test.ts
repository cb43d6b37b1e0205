import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Fault } from "../../lib/fake-apiserver/fault.ts";
import { until } from "../../lib/until.ts";
import {
	FAST,
	Following,
	IMPATIENT,
	RecordingClock,
	SERVICES,
	service,
	startFake,
	temporaryFile,
} from "./lib.ts";

/** As in life, with pauses that take no time. */
const SLOW = { ...FAST, minPauseMs: 800, maxPauseMs: 30_000, livedMs: 5000 };

test("pauses double up to the longest one while a server is away", async (t) => {
	const server = await startFake(t);
	const clock = new RecordingClock();
	const following = new Following(t, { server: server.url }, { clock, timings: SLOW });
	await following.untilSynced();
	await server.stop();
	await until("it has tried for a while", () => clock.pauses.length >= 30);
	await following.source.stop();
	assert.deepEqual(
		[...new Set(clock.pauses)].sort((a, b) => a - b),
		[1200, 2400, 4800, 9600, 19_200, 30_000],
	);
});

test("a server that ends every watch at once makes the pauses grow all the same", async (t) => {
	const server = await startFake(t, { bookmarkMs: 1 });
	server.faultFor = ({ mode }) => (mode === "list" ? undefined : { kind: "end", after: 0 });
	const clock = new RecordingClock();
	const following = new Following(t, { server: server.url }, { clock, timings: SLOW });
	await until("it has tried for a while", () => clock.pauses.length >= 30);
	await following.source.stop();
	assert.ok(clock.pauses.includes(30_000));
	// Each of the four resources is listed once, between two pauses.
	assert.ok(server.requests.length <= clock.pauses.length + 8);
});

test("429 is obeyed: no request before the time that the server asked for", async (t) => {
	const server = await startFake(t);
	const clock = new RecordingClock();
	server.faultFor = ({ index }) =>
		index < 3 ? { kind: "status", status: 429, retryAfter: 7 } : undefined;
	const following = new Following(t, { server: server.url }, { clock });
	await following.untilSynced();
	assert.deepEqual(clock.pauses.slice(0, 3), [7000, 7000, 7000]);
});

test("on 401 the token is read anew and the request made once more", async (t) => {
	const server = await startFake(t, { authorization: "Bearer one" });
	const token = temporaryFile(t, "token", "one");
	const kubeconfig = temporaryFile(
		t,
		"config",
		JSON.stringify({
			"current-context": "c",
			contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
			clusters: [{ name: "k", cluster: { server: server.url } }],
			users: [{ name: "u", user: { tokenFile: token } }],
		}),
	);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	const following = new Following(t, { kubeconfig });
	await following.untilSynced();
	await server.stop();
	server.authorization = "Bearer two";
	writeFileSync(token, "two");
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	const before = server.requests.length;
	await server.start();
	await following.untilClusterIP("web", "10.96.0.2");
	const tokens = server.requests
		.slice(before)
		.filter(({ path }) => path === SERVICES)
		.map(({ authorization }) => authorization);
	assert.equal(tokens.at(-1), "Bearer two");
	assert.ok(tokens.length <= 2, `${tokens}`);
});

test("403 is named in the status, asked again, and the other resources are followed", async (t) => {
	const server = await startFake(t);
	let forbidden = true;
	server.faultFor = ({ path }) =>
		forbidden && path === SERVICES ? { kind: "status", status: 403 } : undefined;
	const following = new Following(t, { server: server.url });
	await until("slices are there", () => following.source.status()[1]?.synced === true);
	await until("the error is shown", () => /answers 403: .*forbidden/.test(following.error()));
	assert.equal(following.synced, 0);
	forbidden = false;
	await following.untilSynced();
	assert.equal(following.error(), "");
});

const ONCE: readonly (readonly [string, Fault])[] = [
	["a connection that is reset", { kind: "reset", after: 0 }],
	["a connection that says nothing more", { kind: "stall", after: 0 }],
	["a line that is no JSON", { kind: "broken", after: 0 }],
	["events out of order", { kind: "reorder", after: 0 }],
	["an event that comes twice", { kind: "duplicate", after: 0 }],
	["an ERROR event 410", { kind: "error410", after: 0 }],
	["an ERROR event 500", { kind: "error500", after: 0 }],
	["a stream that drips", { kind: "slow", after: 0 }],
	["an end without reason", { kind: "end", after: 0 }],
];
for (const [what, fault] of ONCE) {
	test(`after ${what} nothing is missed and nothing is removed in between`, async (t) => {
		const server = await startFake(t);
		server.store.put(SERVICES, service("web", "10.96.0.1"));
		server.store.put(SERVICES, service("stays", "10.96.9.9"));
		const timings = fault.kind === "stall" ? IMPATIENT : FAST;
		const following = new Following(t, { server: server.url }, { timings });
		await following.untilSynced();
		// The next watch begins with a write, which is what the fault hits.
		await server.stop();
		const hit = server.requests.length;
		server.faultFor = ({ path, index }) =>
			path === SERVICES && index >= hit && index < hit + 3 ? fault : undefined;
		server.store.put(SERVICES, service("web", "10.96.0.2"));
		await server.start();
		await until("the fault is over", () => server.requests.length > hit);
		server.store.put(SERVICES, service("web", "10.96.0.3"));
		await following.untilClusterIP("web", "10.96.0.3");
		await until("the error is gone", () => following.error() === "");
		assert.equal(following.clusterIP("stays"), "10.96.9.9");
		const removed = following.batches.flat().filter(({ object }) => object === undefined);
		assert.deepEqual(removed, []);
	});
}

test("a watch on which nothing happens is opened anew now and then, which is no error", async (t) => {
	const server = await startFake(t, { bookmarkMs: 60_000 });
	const timings = { ...IMPATIENT, livedMs: 20 };
	const following = new Following(t, { server: server.url }, { timings });
	await following.untilSynced();
	const errors = new Set<string>();
	await until("three watches were silent", () => {
		errors.add(following.error());
		const ofServices = server.requests.filter(({ path }) => path === SERVICES);
		return ofServices.filter(({ mode }) => mode === "watch").length > 3;
	});
	assert.deepEqual([...errors], [""]);
	const modes = server.requests.filter(({ path }) => path === SERVICES).map(({ mode }) => mode);
	// A WatchList goes on as a watch: that and one more are silent before it is listed anew.
	const expected = modes.map((_, i) => (i % 2 === 0 ? "watchlist" : "watch"));
	assert.deepEqual(modes, expected);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	await following.untilClusterIP("web", "10.96.0.1");
});

test("a server whose versions went back is listed anew, and its versions are not trusted", async (t) => {
	const server = await startFake(t);
	server.store.put(SERVICES, service("web", "10.96.0.1"));
	const following = new Following(t, { server: server.url }, { timings: IMPATIENT });
	await following.untilSynced();
	for (let i = 2; i < 20; i++) {
		server.store.put(SERVICES, service("web", `10.96.0.${i}`));
	}
	server.store.put(SERVICES, service("other", "10.96.2.1"));
	await following.untilClusterIP("other", "10.96.2.1");
	await server.stop();
	// The version that "web" had before, with another content; watches from the version that we have are silent.
	server.store.rewind(2);
	server.store.put(SERVICES, service("web", "10.96.1.1"));
	await server.start();
	await following.untilClusterIP("web", "10.96.1.1");
	server.store.put(SERVICES, service("web", "10.96.1.2"));
	await following.untilClusterIP("web", "10.96.1.2");
});

test("a listener that throws loses its batch only", async (t) => {
	const server = await startFake(t);
	const following = new Following(t, { server: server.url });
	await following.untilSynced();
	const { set } = following.state;
	following.state.set = () => {
		following.state.set = set;
		throw new Error("no");
	};
	server.store.put(SERVICES, service("lost", "10.96.0.1"));
	await until("the batch came", () => following.batches.length > 0);
	server.store.put(SERVICES, service("web", "10.96.0.2"));
	await following.untilClusterIP("web", "10.96.0.2");
});
