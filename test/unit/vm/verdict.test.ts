import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { alarmsIn } from "../../vm/lib/kernel-log.ts";
import { type FileResult, ktapFile, ktapFileHead, ktapHead, ktapTest } from "../../vm/lib/ktap.ts";
import type { Outcome } from "../../vm/lib/machine.ts";
import { summary } from "../../vm/lib/summary.ts";
import { judge } from "../../vm/lib/verdict.ts";

const PASSED = { name: "passes", ok: true, details: [] } as const;
const FILE: FileResult = { suite: "bpf", file: "a.test.ts", tests: [PASSED], ran: 1, seconds: 2 };

function said(file: FileResult, changes: Partial<Outcome> = {}): Outcome {
	const output = [
		...ktapHead(1),
		...ktapFileHead(file.suite, file.file),
		...file.tests.flatMap((one, index) => ktapTest(index + 1, one)),
		ktapFile(1, file),
	].join("\n");
	return { output, code: 0, kernelLog: [], ...changes };
}

const problems = (outcome: Outcome, release = "6.1.0-50"): readonly string[] =>
	judge("6.1", release, outcome).problems;

describe("a guest's verdict", () => {
	test("is without problems when everything passed", () => {
		assert.deepEqual(problems(said(FILE)), []);
	});

	for (const [what, outcome, expected] of [
		["it says nothing", { output: "", code: 0, kernelLog: [] }, /did not begin/],
		["no test was chosen", { output: "KTAP version 1\n1..0\n", code: 0, kernelLog: [] }, /no test/],
		["no test of its files was chosen", said({ ...FILE, tests: [], ran: 0 }), /no test was chosen/],
		["results are lost", said({ ...FILE, ran: 2 }), /1 of 2 results/],
		[
			"files are lost",
			said(FILE, { output: said(FILE).output.replace("1..1", "1..2") }),
			/1 of 2 files/,
		],
		[
			"it dies in a file",
			said(FILE, { output: said(FILE).output.split("\nok 1")[0] ?? "" }),
			/died after 1/,
		],
		["it ends with an exit code", said(FILE, { code: 3 }), /exit code 3/],
		["it ends without one", said(FILE, { code: undefined }), /without an exit code/],
	] as const) {
		test(`has a problem when ${what}`, () => {
			assert.match(problems(outcome).join("\n"), expected);
		});
	}

	test("has one problem for all tests of a suite that were cancelled, beside the suite's own", () => {
		const details = ["test did not finish before its parent and was cancelled"];
		const cancelled = ["a", "b"].map((name) => ({ name, ok: false, details }));
		const suite = { name: "suite", ok: false, details: ["Error: no object"] };
		const found = problems(said({ ...FILE, tests: [...cancelled, suite], ran: 3 }, { code: 1 }));
		assert.deepEqual(found, [
			"a.test.ts: FAILED: suite\n    Error: no object",
			"a.test.ts: FAILED: 2 that were cancelled",
		]);
	});

	test("takes a skip below the feature's first kernel, and none from there on", () => {
		const skipped = { ...PASSED, skip: "needs TCX links (Linux 6.6)" };
		const outcome = said({ ...FILE, tests: [skipped] });
		assert.deepEqual(problems(outcome, "6.1.0-50-cloud-amd64"), []);
		assert.match(problems(outcome, "6.12.1").join(), /should have it/);
		assert.match(problems(outcome, "7.2.0").join(), /should have it/);
		assert.match(problems(outcome, "6.6.0").join(), /should have it/);
	});
});

describe("a kernel's log", () => {
	test("is without alarm when devices come and go", () => {
		const log = ["[ 1.0] br0: port 1(a) entered blocking state", "[ 2.0] IPv4: martian source"];
		assert.deepEqual(alarmsIn("6.1", log), []);
	});

	for (const line of [
		"[ 1.0] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 x+0x1/0x2",
		"[ 1.0] BUG: kernel NULL pointer dereference, address: 0",
		"[ 1.0] unregister_netdevice: waiting for eth0 to become free. Usage count = 2",
		"[ 1.0] rcu: INFO: rcu_sched self-detected stall on CPU",
		"[ 1.0] WARNING: possible circular locking dependency detected",
		"[ 1.0] BUG: KASAN: use-after-free in x",
		"[ 1.0] INFO: task node:1 blocked for more than 120 seconds.",
		"[ 1.0] node[12]: segfault at 0 ip 0 sp 0 error 4",
		"[ 1.0] Out of memory: Killed process 12 (node)",
	]) {
		test(`has an alarm: ${line.slice(7, 50)}`, () => {
			assert.deepEqual(alarmsIn("6.1", [line]), [line]);
		});
	}

	test("has one alarm for a whole splat, with its trace", () => {
		const splat = [
			"[ 1.0] ------------[ cut here ]------------",
			"[ 1.0] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1 x+0x1/0x2",
			"[ 1.0] Call Trace:",
			"[ 1.0]  y+0x1/0x2",
			"[ 1.0] ---[ end trace 0000000000000000 ]---",
		];
		assert.deepEqual(alarmsIn("6.1", ["[ 0.5] fine", ...splat, "[ 2.0] fine"]), [splat.join("\n")]);
	});
});

describe("the summary", () => {
	test("has a row for each kernel and a column for each suite", () => {
		const text = summary([judge("6.1", "6.1.0", said(FILE))], ["bpf", "net"]);
		assert.match(text, /^kernel +release +bpf +net +result\n6\.1 +6\.1\.0 +1\/0\/0 2 s +- +ok$/);
	});
});
