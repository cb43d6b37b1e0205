// Runs inside a guest, to prove that the run notices what it must notice: see ../checks.test.ts.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";

test("a test that passes", () => {
	writeFileSync("/dev/kmsg", "<4>WARNING: CPU: 0 PID: 1 at sluice/alarm.c:1 alarm+0x1/0x2\n");
});

test("a test that fails # with a number sign", () => {
	assert.equal(1, 2, "one is not two");
});

test("a test that is skipped without a feature", { skip: "no reason" }, () => {});

test("a test that is skipped on a kernel that has it", {
	skip: "needs this kernel (Linux 5.10)",
}, () => {});

test("a test that needs a later kernel", { skip: "needs a later kernel (Linux 99.0)" }, () => {});
