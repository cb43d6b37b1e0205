import { rmSync } from "node:fs";
import { join } from "node:path";
import { BUILD, PREBUILT, withModules } from "./image.ts";
import { type KernelName, kernel } from "./kernels.ts";
import { boot } from "./machine.ts";
import { judge, type Verdict } from "./verdict.ts";

/** How much longer than this machine a guest may take for anything. */
const TIME_SCALE = 5;

export interface GuestRun {
	readonly suites: readonly string[];
	/** A regular expression of file names and names of tests; undefined: all. */
	readonly tests?: string | undefined;
	/** Also what is too long for each change. */
	readonly long: boolean;
	/** After which the guest is killed. */
	readonly limitSec: number;
}

/** Runs suites in a guest with that kernel; `image` is of buildImage(). */
export async function runGuest(name: KernelName, image: string, run: GuestRun): Promise<Verdict> {
	const booted = kernel(name);
	const archive = withModules(booted, image);
	const env = {
		SLUICE_TEST_TIME_SCALE: `${TIME_SCALE}`,
		SLUICE_TEST_PREBUILT: PREBUILT,
		SLUICE_TEST_LONG: run.long ? "1" : "0",
		TESTS: run.tests ?? "",
		// Compiling, and taking the types out of TypeScript, is most of what starting a test costs.
		NODE_COMPILE_CACHE: "/tmp/compiled",
	};
	const settings = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`);
	const command = [...settings, `node test/vm/guest/run.ts ${run.suites.join(" ")}`].join("\n");
	try {
		const log = join(BUILD, `${name}.log`);
		const outcome = await boot(booted, archive, command, { log, limitSec: run.limitSec });
		return judge(name, booted.release, outcome);
	} finally {
		rmSync(archive);
	}
}

/** For the shell. */
function quote(text: string): string {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
