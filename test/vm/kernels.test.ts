import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "../lib/net/command.ts";
import { writeInitramfs } from "./lib/initramfs.ts";
import { type KernelName, kernel, SUITES } from "./lib/kernels.ts";
import { boot, tapResults } from "./lib/machine.ts";

const BUILD = fileURLToPath(new URL("../../build/vm", import.meta.url));
const RUN = "node --test --test-isolation=none --test-reporter=tap test/vm/guest/*.guest.ts";

/** How many tests the guest has: fewer results mean that it did not get to the end. */
const GUEST_TESTS = 22;

describe("the oldest kernels that are served", () => {
	const base = join(BUILD, "base.cpio");

	before(() => {
		mkdirSync(BUILD, { recursive: true });
		const folder = mkdtempSync(join(tmpdir(), "sluice-vm-"));
		try {
			writeInitramfs(folder, base);
		} finally {
			rmSync(folder, { recursive: true });
		}
	});

	for (const name of Object.keys(SUITES) as KernelName[]) {
		test(`Linux ${name} loads every program and translates TCP and UDP of both families`, async () => {
			const booted = kernel(name);
			const initramfs = join(BUILD, `${name}.cpio`);
			command(["sh", "-c", 'cat "$1" "$2" >"$3"', "sh", booted.modules, base, initramfs]);
			const log = join(BUILD, `${name}.log`);
			const { output, code } = await boot(booted, initramfs, RUN, { log, limitSec: 300 });
			const results = tapResults(output).filter((result) => result.name.startsWith("socket-lb"));
			const bad = results.filter((result) => !result.ok).map((result) => result.name);
			assert.deepEqual(bad, [], `the guest's log: ${log}`);
			assert.equal(results.length, GUEST_TESTS, `tests that the guest ran; its log: ${log}`);
			assert.equal(code, 0, `the guest's log: ${log}`);
			assert.doesNotMatch(output, /BUG:|WARNING:|Call Trace|Oops/, `kernel log in ${log}`);
		});
	}
});
