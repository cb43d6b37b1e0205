import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { ApiError } from "../../../src/kube/api-error.ts";
import {
	type EventNote,
	eventName,
	eventObject,
	seriesPatch,
} from "../../../src/kube/event-object.ts";
import { EventRecorder } from "../../../src/kube/events.ts";
import { recordingLogger } from "../../lib/recording-logger.ts";
import { until } from "../../lib/until.ts";

const NODE: EventNote["regarding"] = {
	apiVersion: "v1",
	kind: "Node",
	namespace: "",
	name: "node-a",
	uid: "node-a",
};

function noteOf(note: string, changes: Partial<EventNote> = {}): EventNote {
	return { regarding: NODE, type: "Normal", reason: "Starting", action: "Start", note, ...changes };
}

/** A recorder whose requests, time and failures a test decides. */
class Scene {
	readonly requests: { method: string; path: string; body: Record<string, unknown> }[] = [];
	readonly sleeps: number[] = [];
	readonly recorder: EventRecorder;
	readonly lines: () => string[];
	nowMs = Date.parse("2026-01-02T03:04:05.678Z");
	/** What the next requests end with; undefined: well. */
	answers: (Error | undefined)[] = [];
	/** Whether requests wait for it. */
	gate: Promise<void> | undefined;

	constructor(t: TestContext) {
		const { log, lines } = recordingLogger();
		this.lines = lines;
		this.recorder = new EventRecorder({
			client: {
				write: async (method, path, body) => {
					this.requests.push({ method, path, body: body as Record<string, unknown> });
					await this.gate;
					const answer = this.answers.shift();
					if (answer) throw answer;
				},
			},
			nodeName: "node-a",
			log,
			clock: {
				random: () => 0,
				sleep: async (ms) => {
					this.sleeps.push(ms);
					this.nowMs += ms;
				},
			},
			timings: { minPauseMs: 100, maxPauseMs: 1000 },
			now: () => this.nowMs,
		});
		t.after(() => this.recorder.stop());
	}

	sent(count: number): Promise<void> {
		return until(`${count} requests are sent`, () => this.requests.length === count);
	}
}

test("an event of a node is written to the namespace default, as events.k8s.io/v1 has it", async (t) => {
	const scene = new Scene(t);
	scene.recorder.record(noteOf("hello"));
	await scene.sent(1);
	assert.deepEqual(scene.requests, [
		{
			method: "POST",
			path: "/apis/events.k8s.io/v1/namespaces/default/events",
			body: {
				apiVersion: "events.k8s.io/v1",
				kind: "Event",
				metadata: { name: "node-a.1886caf244ffa780", namespace: "default" },
				eventTime: "2026-01-02T03:04:05.678000Z",
				reportingController: "sluice",
				reportingInstance: "sluice-node-a",
				type: "Normal",
				reason: "Starting",
				action: "Start",
				note: "hello",
				regarding: { apiVersion: "v1", kind: "Node", name: "node-a", uid: "node-a" },
			},
		},
	]);
});

test("the same again is a series of the same event; after a while it is a new one", async (t) => {
	const scene = new Scene(t);
	scene.recorder.record(noteOf("hello"));
	await scene.sent(1);
	scene.nowMs += 1000;
	scene.recorder.record(noteOf("hello"));
	await scene.sent(2);
	const { name } = scene.requests[0]!.body.metadata as { name: string };
	assert.deepEqual(scene.requests[1], {
		method: "PATCH",
		path: `/apis/events.k8s.io/v1/namespaces/default/events/${name}`,
		body: { series: { count: 2, lastObservedTime: "2026-01-02T03:04:06.678000Z" } },
	});
	scene.nowMs += 7 * 60_000;
	scene.recorder.record(noteOf("hello"));
	await scene.sent(3);
	assert.equal(scene.requests[2]?.method, "POST");
});

test("what comes while a request is under way waits, and is counted instead of sent one by one", async (t) => {
	const scene = new Scene(t);
	let open = (): void => undefined;
	scene.gate = new Promise((resolve) => {
		open = resolve;
	});
	scene.recorder.record(noteOf("first"));
	for (let i = 0; i < 5; i++) scene.recorder.record(noteOf("second"));
	await scene.sent(1);
	scene.gate = undefined;
	open();
	await scene.sent(3);
	assert.equal(scene.requests[1]?.body.note, "second");
	assert.match(JSON.stringify(scene.requests[2]?.body), /"count":5/);
});

test("more than 25 at once are slowed down, and more than 100 waiting are lost", async (t) => {
	const scene = new Scene(t);
	for (let i = 0; i < 300; i++) scene.recorder.record(noteOf(`${i}`));
	await until("the queue is empty", () => scene.requests.length === 100);
	assert.equal(scene.sleeps.length, 75);
	assert.equal(scene.requests[99]?.body.note, "99");
});

test("a server that does not answer is asked a few times, and failures are warned of once", async (t) => {
	const scene = new Scene(t);
	scene.answers = Array.from({ length: 10 }, () => new Error("no connection"));
	scene.recorder.record(noteOf("a"));
	scene.recorder.record(noteOf("b"));
	scene.recorder.record(noteOf("c"));
	await scene.sent(11);
	assert.deepEqual(scene.lines(), [
		"an Event cannot be written; further failures are not logged",
		"an Event cannot be written",
	]);
	assert.equal(scene.requests[10]?.body.note, "c");
	assert.equal(scene.sleeps.length, 8);
});

test("what the server refuses is not asked for again", async (t) => {
	const scene = new Scene(t);
	scene.answers = [new ApiError(403, { message: "forbidden" }), new ApiError(429, {})];
	scene.recorder.record(noteOf("a"));
	scene.recorder.record(noteOf("b"));
	await scene.sent(3);
	assert.deepEqual(
		scene.requests.map(({ body }) => body.note),
		["a", "b", "b"],
	);
});

test("after the stop nothing is written, and nobody waits for what was not", async (t) => {
	const scene = new Scene(t);
	await scene.recorder.stop();
	scene.recorder.record(noteOf("a"));
	assert.deepEqual(scene.requests, []);
});

test("an event of a Service lies beside it, and a long note is cut between characters", () => {
	const regarding = { apiVersion: "v1", kind: "Service", namespace: "shop", name: "web" } as const;
	const event = noteOf("\u00e4".repeat(1000), { regarding: { ...regarding, uid: "" } });
	const name = eventName(event.regarding, 0, 1);
	const object = eventObject(event, { nodeName: "n".repeat(200), name, at: 0 });
	const {
		metadata,
		note,
		regarding: about,
		reportingInstance,
	} = object as Record<string, unknown> & {
		note: string;
		reportingInstance: string;
	};
	assert.deepEqual(metadata, { name: "web.1", namespace: "shop" });
	assert.deepEqual(about, regarding);
	assert.ok(Buffer.byteLength(note) <= 1024 && note.endsWith("\u00e4..."));
	assert.equal(reportingInstance.length, 128);
	assert.deepEqual(seriesPatch(2, 0), {
		series: { count: 2, lastObservedTime: "1970-01-01T00:00:00.000000Z" },
	});
});
