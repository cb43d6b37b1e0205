// Rewrites the verifier's budget (budget.json) with what this kernel and those of the guests say now.
// KERNELS=6.1,sid: only those guests' parts and this kernel's.
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILD, buildImage, withModules } from "../lib/image.ts";
import { type KernelName, kernel, SUITES } from "../lib/kernels.ts";
import { boot } from "../lib/machine.ts";
import { BUDGET, type Budget, budgetOf, byRelease, readBudget } from "./budget.ts";
import { type Measured, measure } from "./measure.ts";

const LIMIT_SEC = 900;
const COMMAND = "node test/vm/guest/run.ts verifier";

async function measureGuest(name: KernelName, image: string): Promise<Measured[]> {
	const booted = kernel(name);
	const archive = withModules(booted, image);
	try {
		const log = join(BUILD, `budget-${name}.log`);
		// The guest's test fails while the table is old: what counts is what it said.
		const { output } = await boot(booted, archive, COMMAND, { log, limitSec: LIMIT_SEC });
		const found = [...output.matchAll(/^# verifier: (\{.*\})/gm)];
		return found.map(([, json = ""]): Measured => JSON.parse(json));
	} finally {
		rmSync(archive);
	}
}

/** Puts a kernel's figures into the table; what did not come up keeps those it has. */
function put(measured: readonly Measured[], where: string): void {
	const [first] = measured;
	if (first) table[first.kernel] = budgetOf(measured);
	else {
		process.stdout.write(`${where} said nothing; the logs are in ${BUILD}\n`);
		process.exitCode = 1;
	}
}

const wanted = (process.env.KERNELS ?? "").split(/[ ,]+/).filter((name) => name !== "");
const names = (Object.keys(SUITES) as KernelName[]).filter(
	(name) => wanted.length === 0 || wanted.includes(name),
);
const table: Record<string, Budget[string]> = { ...readBudget() };
const image = buildImage(false);
try {
	put(measure(), "this kernel");
	for (const name of names) put(await measureGuest(name, image), `the guest with Linux ${name}`);
} finally {
	rmSync(image);
}
const sorted = Object.entries(table).sort(([one], [other]) => byRelease(one, other));
writeFileSync(BUDGET, JSON.stringify(Object.fromEntries(sorted)));
spawnSync("biome", ["format", "--write", "--log-level=warn", BUDGET], { stdio: "inherit" });
process.stdout.write(`${BUDGET}: ${sorted.map(([line]) => line).join(", ")}\n`);
