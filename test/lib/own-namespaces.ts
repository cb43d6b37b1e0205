/**
 * Import this first: the whole process runs in a network and a mount namespace of its own. It is started
 * once more in there, with the same standard streams, and ends as that did. Nothing has to be cleaned up.
 */
import { spawnSync } from "node:child_process";

const INSIDE = "SLUICE_TEST_INSIDE";

if (process.env[INSIDE] !== "1") {
	const unshare = ["--net", "--mount", "--propagation", "private"];
	const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
	const { status, error } = spawnSync("unshare", [...unshare, ...again], {
		stdio: "inherit",
		env: { ...process.env, [INSIDE]: "1" },
	});
	if (error) throw error;
	process.exit(status ?? 1);
}
