import assert from "node:assert/strict";
import { test } from "node:test";
import { askHolder, lock, tryLock } from "../../../src/agent/lock.ts";

const path = `/sluice-lock-test-${process.pid}`;

test("an agent that waits for another one ends when it is told to", async (t) => {
	const other = await tryLock(path);
	t.after(() => other?.release());
	const ending = new AbortController();
	const held = await lock(path, () => setImmediate(() => ending.abort()), ending.signal);
	assert.equal(held, undefined);
});

test("an agent gets its turn when the one before it ends", async () => {
	const other = await tryLock(path);
	assert.ok(other);
	const held = await lock(path, () => other.release(), new AbortController().signal);
	assert.ok(held);
	assert.equal(await tryLock(path), undefined);
	held.release();
});

test("who asks is told what the agent has to say, or that there is none", async (t) => {
	assert.equal(await askHolder(path), undefined);
	const held = await tryLock(path);
	t.after(() => held?.release());
	assert.equal(await askHolder(path), "");
	held?.answer(() => "all is well");
	assert.equal(await askHolder(path), "all is well");
});
