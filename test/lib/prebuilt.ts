import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * What tests build for themselves can be built before, where the tests run without compilers:
 * SLUICE_TEST_PREBUILT names the folder. The path of `name` in it, or nothing.
 */
export function prebuilt(name: string): string | undefined {
	const folder = process.env.SLUICE_TEST_PREBUILT;
	if (folder === undefined) return undefined;
	const path = join(folder, name);
	return existsSync(path) ? path : undefined;
}
