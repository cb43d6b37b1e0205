import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentEvents } from "../../../src/agent/events.ts";
import type { EventNote } from "../../../src/kube/event-object.ts";

function recorded(): { events: AgentEvents; notes: EventNote[] } {
	const notes: EventNote[] = [];
	return { events: new AgentEvents({ record: (note) => notes.push(note) }, "node-a"), notes };
}

test("what befalls the agent is told of its Node, with kube-proxy's reasons", () => {
	const { events, notes } = recorded();
	events.starting();
	events.serverFailed("healthz", "in use");
	events.serverFailed("metrics", "in use");
	events.reloadFailed("mode: wrong");
	assert.deepEqual(
		notes.map(({ type, reason, note }) => `${type} ${reason}: ${note}`),
		[
			"Normal Starting: ",
			"Warning FailedToStartProxierHealthcheck: in use",
			"Warning FailedToStartMetricServer: in use",
			"Warning FailedToReloadConfig: mode: wrong",
		],
	);
	for (const { regarding } of notes) {
		assert.deepEqual(regarding, {
			apiVersion: "v1",
			kind: "Node",
			namespace: "",
			name: "node-a",
			uid: "node-a",
		});
	}
});

test("a health check that cannot be asked is told of its Service", () => {
	const { events, notes } = recorded();
	events.healthCheckFailed({ key: "shop/front", uid: "u-1", port: 30_001 }, "in use");
	const [note] = notes;
	assert.equal(note?.reason, "FailedToStartServiceHealthcheck");
	assert.equal(note?.regarding.kind, "Service");
	assert.deepEqual(
		[note?.regarding.namespace, note?.regarding.name, note?.regarding.uid],
		["shop", "front", "u-1"],
	);
	assert.equal(
		note?.note,
		'node node-a failed to start healthcheck "shop/front" on port 30001: in use',
	);
});
