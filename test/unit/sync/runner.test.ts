import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Runner, type RunnerClock } from "../../../src/sync/runner.ts";

/** Time goes by only when told to. */
class TestClock implements RunnerClock {
	ms = 0;
	#timers: { at: number; callback: () => void }[] = [];

	now(): number {
		return this.ms;
	}

	after(ms: number, callback: () => void): () => void {
		const timer = { at: this.ms + ms, callback };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((one) => one !== timer);
		};
	}

	async advance(ms: number): Promise<void> {
		this.ms += ms;
		const due = this.#timers.filter(({ at }) => at <= this.ms);
		this.#timers = this.#timers.filter(({ at }) => at > this.ms);
		for (const { callback } of due) callback();
		await setImmediate();
	}
}

function runnerOf(run: () => Promise<void>, onError?: (error: unknown) => void) {
	const clock = new TestClock();
	const options = { run, minIntervalMs: 100, retryMs: 1000, clock };
	return { clock, runner: new Runner(onError ? { ...options, onError } : options) };
}

test("the first request runs at once", () => {
	let runs = 0;
	const { runner } = runnerOf(async () => {
		runs++;
	});
	runner.request();
	assert.equal(runs, 1);
});

test("many requests within the interval lead to one more run, at its end", async () => {
	let runs = 0;
	const { runner, clock } = runnerOf(async () => {
		runs++;
	});
	runner.request();
	await setImmediate();
	for (let i = 0; i < 50; i++) runner.request();
	await clock.advance(99);
	assert.equal(runs, 1);
	await clock.advance(1);
	assert.equal(runs, 2);
	await clock.advance(1000);
	assert.equal(runs, 2);
});

test("a request after a pause runs at once again", async () => {
	let runs = 0;
	const { runner, clock } = runnerOf(async () => {
		runs++;
	});
	runner.request();
	await clock.advance(500);
	runner.request();
	assert.equal(runs, 2);
});

test("a request during a run leads to another run, never to two at a time", async () => {
	let running = 0;
	let runs = 0;
	const { promise, resolve } = Promise.withResolvers<void>();
	const { runner, clock } = runnerOf(async () => {
		runs++;
		running++;
		assert.equal(running, 1);
		await promise;
		running--;
	});
	runner.request();
	await clock.advance(200);
	runner.request();
	assert.equal(runs, 1);
	resolve();
	await setImmediate();
	assert.equal(runs, 2);
});

test("a retry waits, unless a request comes first", async () => {
	let runs = 0;
	const { runner, clock } = runnerOf(async () => {
		runs++;
	});
	runner.request();
	await clock.advance(500);
	runner.retry();
	await clock.advance(999);
	assert.equal(runs, 1);
	runner.request();
	assert.equal(runs, 2);
	await clock.advance(2000);
	assert.equal(runs, 2);
	runner.retry();
	await clock.advance(1000);
	assert.equal(runs, 3);
});

test("a run that throws is reported and tried again", async () => {
	const errors: unknown[] = [];
	let runs = 0;
	const { runner, clock } = runnerOf(
		async () => {
			runs++;
			if (runs === 1) throw new Error("no");
		},
		(error) => errors.push(error),
	);
	runner.request();
	await setImmediate();
	assert.equal(errors.length, 1);
	await clock.advance(1000);
	assert.equal(runs, 2);
});

test("after stop() nothing runs, and stop() waits for the run that is on", async () => {
	let runs = 0;
	let ended = false;
	const { promise, resolve } = Promise.withResolvers<void>();
	const { runner, clock } = runnerOf(async () => {
		runs++;
		await promise;
		ended = true;
	});
	runner.request();
	runner.request();
	const stopped = runner.stop();
	resolve();
	await stopped;
	assert.ok(ended);
	runner.request();
	runner.retry();
	await clock.advance(5000);
	assert.equal(runs, 1);
});
