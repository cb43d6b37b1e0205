/**
 * Import this first: the rest of the test file runs in a network namespace of its own. The file is
 * started again inside of one, with the same standard streams, and this process ends as that did.
 */
import { spawnSync } from "node:child_process";

const MARK = "--in-own-netns";

if (!process.argv.includes(MARK)) {
	const [, file = ""] = process.argv;
	const child = spawnSync("unshare", ["--net", process.execPath, ...process.execArgv, file, MARK], {
		stdio: "inherit",
	});
	process.exit(child.status ?? 1);
}
