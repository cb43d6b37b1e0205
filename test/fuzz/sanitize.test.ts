import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { corpus } from "./lib/corpus.ts";

const TREE = fileURLToPath(new URL("../..", import.meta.url));
const NATIVE = "test/fuzz/native";
const BUILD = join(TREE, "build/fuzz");

const LONG = process.env.SLUICE_TEST_LONG === "1";
const RUNS = LONG ? 20_000_000 : 100_000;
const SEED = Number(process.env.SEED ?? 1);

/** Any alignment is right on the machines that the datapath is for, and in BPF. */
const FLAGS = [
	...["-O1", "-g", "-Wall", "-Wextra", "-Werror"],
	...["-fsanitize=fuzzer,address,undefined", "-fno-sanitize=alignment"],
	"-fno-sanitize-recover=all",
	...["-DSLUICE_CONTEXT_H", "-include", `${NATIVE}/shim/context.h`],
	...[`-I${NATIVE}/shim`, "-Ibpf"],
];

/** Names functions in what the sanitizers report. */
const SYMBOLIZER = "/usr/bin/llvm-symbolizer-19";

/** Functions that no packet reaches: after an upgrade that changed the layout of flows only. */
const UNREACHED: readonly string[] = ["previous_take"];

function compile(name: string, more: readonly string[] = []): string {
	mkdirSync(BUILD, { recursive: true });
	const program = join(BUILD, name);
	const sources = globSync(`${NATIVE}/*.c`, { cwd: TREE });
	const args = [...FLAGS, ...more, ...sources, "-o", program];
	const done = spawnSync("clang-19", args, { cwd: TREE, encoding: "utf8" });
	assert.equal(done.status, 0, done.stderr);
	return program;
}

describe("the datapath in user space, with address and undefined behaviour sanitizers", () => {
	let program: string;
	let seeds: string;

	before(() => {
		program = compile("datapath");
		seeds = mkdtempSync(join(BUILD, "seeds-"));
		for (const [i, input] of corpus().entries()) writeFileSync(join(seeds, `${i}`), input);
	});

	const run = (path: string, args: readonly string[]): { status: number | null; said: string } => {
		const fixed = [`-seed=${SEED}`, "-max_len=4096", `-artifact_prefix=${BUILD}/`];
		const env = { ...process.env, ASAN_SYMBOLIZER_PATH: SYMBOLIZER };
		const options = { encoding: "utf8", maxBuffer: 1 << 26, env } as const;
		const { status, stdout, stderr } = spawnSync(path, [...fixed, ...args], options);
		return { status, said: stdout + stderr };
	};

	test("reads and writes nothing out of bounds, whatever the packets are", (t) => {
		const { status, said } = run(program, [`-runs=${RUNS}`, "-print_coverage=1", seeds]);
		assert.equal(status, 0, `SEED=${SEED}\n${said.slice(-8000)}`);
		t.diagnostic(`measured: ${/^Done .*$/m.exec(said)?.[0]}, SEED=${SEED}`);
		assert.match(said, /^COVERED_FUNC: .* translate_rest /m, "functions have no names");
		const unreached = [...said.matchAll(/^UNCOVERED_FUNC: .* (\S+) \S*\/bpf\/\S+$/gm)];
		assert.deepEqual(
			unreached.map(([, name]) => name),
			UNREACHED,
			"functions without a packet",
		);
		rmSync(seeds, { recursive: true });
	});

	test("and would notice a single byte beyond the packet", () => {
		const careless = compile("datapath-careless", ["-DPACKET_OVERREAD=1"]);
		const { status, said } = run(careless, ["-runs=100000"]);
		assert.notEqual(status, 0);
		assert.match(said, /heap-buffer-overflow/);
	});
});
