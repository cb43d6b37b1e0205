import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** One layer of the tests: what it runs and what it needs to be able to run. */
export interface Part {
	readonly name: string;
	/** Test files as globs; none: `command` instead. */
	readonly files?: readonly string[];
	/** A command that passes or fails as a whole. */
	readonly command?: readonly string[];
	/** Each says why the part cannot run here, or nothing when it can. */
	readonly needs: readonly Need[];
	/** Test files at a time; "cores": as many as the machine has processors. */
	readonly atOnce: number | "cores";
	/** Environment of the tests beside the caller's. */
	readonly env?: Readonly<Record<string, string>>;
	/** Seconds after which one test file is given up. */
	readonly limitSec: number;
}

type Need = () => string | undefined;

const root: Need = () => (process.getuid?.() === 0 ? undefined : "it needs root");

const bpf: Need = () =>
	spawnSync("bpftool", ["prog", "list"], { stdio: "ignore" }).status === 0
		? undefined
		: "it needs a kernel and rights to load BPF programs (`bpftool prog list` fails)";

const built: Need = () =>
	existsSync("build/dist/sluice.js") && existsSync("build/bpf/sluice.bpf.o")
		? undefined
		: "the build failed";

const command =
	(name: string, why: string): Need =>
	() =>
		spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status === 0
			? undefined
			: `${name} is missing (${why})`;

const kernelPart = (name: string, more: Partial<Part> = {}): Part => ({
	name,
	files: [`test/${name}/**/*.test.ts`],
	needs: [root, bpf, built],
	atOnce: 1,
	limitSec: 600,
	...more,
});

/** The parts in the order in which they run: what fails in seconds comes first. */
export const PARTS: readonly Part[] = [
	{
		name: "unit",
		files: ["test/unit/**/*.test.ts", "test/golden/**/*.test.ts", "test/contract/**/*.test.ts"],
		needs: [],
		atOnce: "cores",
		env: { SLUICE_TEST_ROOT: "0" },
		limitSec: 120,
	},
	{ name: "check", command: ["make", "check"], needs: [], atOnce: 1, limitSec: 300 },
	{ name: "build", command: ["make", "all"], needs: [], atOnce: 1, limitSec: 600 },
	kernelPart("contract"),
	kernelPart("native"),
	kernelPart("bpf"),
	kernelPart("verifier", { files: ["test/vm/verifier/*.test.ts"] }),
	kernelPart("fuzz", { limitSec: 3600 }),
	kernelPart("oracle", { limitSec: 3600 }),
	kernelPart("net", { limitSec: 1200 }),
	kernelPart("cluster", { limitSec: 1800 }),
	kernelPart("faults", { limitSec: 1800 }),
	// The long form has an hour's worth of changes, at two sizes.
	kernelPart("scale", { limitSec: 7200 }),
	// One guest: that `make test-vm`, which runs the tests on all other kernels, can fail.
	kernelPart("vm", {
		files: ["test/vm/*.test.ts"],
		needs: [root, built, command("qemu-system-x86_64", "package qemu-system-x86")],
		limitSec: 900,
	}),
];
