import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	type FileResult,
	ktapFile,
	ktapFileHead,
	ktapHead,
	ktapTest,
	parseKtap,
	type TestResult,
} from "../../vm/lib/ktap.ts";

const TESTS: readonly TestResult[] = [
	{ name: "group > passes", ok: true, details: [] },
	{ name: "fails with # 1", ok: false, details: ["first", "", "not ok 3 no result"] },
	{ name: "waits", ok: true, skip: "needs TCX links (Linux 6.6)", details: [] },
	{ name: "waits for nothing", ok: true, skip: "", details: [] },
];
const FILE: FileResult = {
	suite: "bpf",
	file: "test/bpf/a.test.ts",
	tests: TESTS,
	ran: 4,
	seconds: 1.5,
};

const lines = [
	...ktapHead(2),
	...ktapFileHead(FILE.suite, FILE.file),
	...TESTS.flatMap((one, index) => ktapTest(index + 1, one)),
	ktapFile(1, FILE),
];

describe("KTAP", () => {
	test("is read as it was written, with a kernel's lines between it and line ends of a terminal", () => {
		const noise = lines.flatMap((line) => [
			line,
			"[   12.345678] device up-1 entered promiscuous mode",
		]);
		assert.deepEqual(parseKtap(noise.join("\r\n")), { planned: 2, files: [FILE] });
	});

	test("has the version, the plan and a result line for each test", () => {
		assert.deepEqual(lines.slice(0, 2), ["KTAP version 1", "1..2"]);
		assert.ok(lines.includes("  ok 3 waits # SKIP needs TCX links (Linux 6.6)"));
		assert.ok(lines.includes("  not ok 2 fails with \\# 1"));
		assert.equal(lines.at(-1), "not ok 1 bpf: test/bpf/a.test.ts # 4 tests in 1.5 s");
	});

	test("of a guest that died in a file has the results that came", () => {
		const [file] = parseKtap(lines.slice(0, -2).join("\n")).files;
		assert.equal(file?.ran, undefined);
		assert.equal(file?.tests.length, 3);
	});

	test("is absent where a guest said nothing", () => {
		assert.deepEqual(parseKtap("Kernel panic"), { planned: undefined, files: [] });
	});
});
