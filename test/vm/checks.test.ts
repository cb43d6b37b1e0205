/** That a run on another kernel notices what it must notice, and that the oldest kernel loads what we have. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { before, describe, test } from "node:test";
import { runGuest } from "./lib/guest-run.ts";
import { buildImage } from "./lib/image.ts";
import type { FileResult } from "./lib/ktap.ts";
import type { Verdict } from "./lib/verdict.ts";

describe("a run on Linux 5.10", () => {
	let verdict: Verdict;

	before(async () => {
		const image = buildImage(false);
		const suites = ["alarm", "bpf"];
		const tests = "vm/alarm|bpf/load";
		try {
			verdict = await runGuest("5.10", image, { suites, tests, long: false, limitSec: 300 });
		} finally {
			rmSync(image);
		}
	});

	const results = (suite: string): readonly FileResult[] =>
		verdict.files.filter((file) => file.suite === suite);

	/** The problems that begin like this, in one text. */
	const problems = (beginning: string): string =>
		verdict.problems.filter((problem) => problem.startsWith(beginning)).join("\n");

	test("loads every program, whatever a kernel can have or lack", () => {
		const tests = results("bpf").flatMap((file) => file.tests);
		assert.deepEqual(
			tests.map(({ ok, skip }) => [ok, skip]),
			[
				[true, undefined],
				[true, undefined],
			],
		);
	});

	test("counts each test once", () => {
		const [alarm] = results("alarm");
		assert.deepEqual([alarm?.ran, alarm?.tests.length], [5, 5]);
	});

	test("fails with the details of a test that fails", () => {
		const text = problems("test/vm/alarm/alarm.ts: FAILED");
		assert.match(text, /FAILED: a test that fails # with a number sign\n.*one is not two/);
	});

	test("fails when a test is skipped without naming what it needs", () => {
		assert.match(problems("a test that is skipped without a feature"), /"no reason"/);
	});

	test("fails when a test is skipped on a kernel that has what it needs", () => {
		assert.match(problems("a test that is skipped on a kernel that has it"), /should have it/);
	});

	test("fails when the kernel warns", () => {
		assert.match(problems("kernel log"), /WARNING: CPU: 0 PID: 1 at sluice\/alarm\.c/);
	});

	test("fails for nothing else", () => {
		assert.equal(verdict.problems.length, 4, verdict.problems.join("\n"));
	});
});
