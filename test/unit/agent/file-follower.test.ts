import assert from "node:assert/strict";
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { FileFollower } from "../../../src/agent/file-follower.ts";
import { until } from "../../lib/until.ts";

/** What a follower of that file has seen of its content; "-": nothing could be read. */
function follow(t: TestContext, file: string, debounceMs = 20): string[] {
	const seen: string[] = [];
	const follower = new FileFollower({
		file,
		debounceMs,
		onContent: () => {
			try {
				seen.push(readFileSync(file, "utf8"));
			} catch {
				seen.push("-");
			}
		},
		onError: (reason) => seen.push(reason),
	});
	t.after(() => follower.stop());
	follower.start();
	return seen;
}

function directory(t: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), "sluice-follow-"));
	t.after(() => rmSync(path, { recursive: true }));
	return path;
}

const last = (seen: readonly string[], text: string): Promise<void> =>
	until(`the last content is ${text}`, () => seen.at(-1) === text);

test("a file that is written, replaced, removed and put back is read each time, and once", async (t) => {
	const file = join(directory(t), "config.conf");
	writeFileSync(file, "a");
	const seen = follow(t, file);
	await last(seen, "a");
	writeFileSync(file, "b");
	await last(seen, "b");
	writeFileSync(`${file}.new`, "c");
	renameSync(`${file}.new`, file);
	await last(seen, "c");
	rmSync(file);
	await last(seen, "-");
	writeFileSync(file, "c");
	await last(seen, "c");
	writeFileSync(file, "c");
	await delay(200);
	assert.deepEqual(seen, ["a", "b", "c", "-", "c"]);
});

test("a ConfigMap's update, which swaps the link ..data, is seen", async (t) => {
	const root = directory(t);
	const version = (name: string, text: string): void => {
		mkdirSync(join(root, name));
		writeFileSync(join(root, name, "config.conf"), text);
		symlinkSync(name, join(root, "..data_tmp"));
		renameSync(join(root, "..data_tmp"), join(root, "..data"));
	};
	version("..2026_01", "a");
	symlinkSync("..data/config.conf", join(root, "config.conf"));
	const seen = follow(t, join(root, "config.conf"));
	await last(seen, "a");
	version("..2026_02", "b");
	rmSync(join(root, "..2026_01"), { recursive: true });
	await last(seen, "b");
	version("..2026_03", "c");
	await last(seen, "c");
	assert.deepEqual(seen, ["a", "b", "c"]);
});

test("a file that is truncated and then written is read when that is over", async (t) => {
	const file = join(directory(t), "config.conf");
	writeFileSync(file, "a");
	const seen = follow(t, file);
	await last(seen, "a");
	writeFileSync(file, "");
	writeFileSync(file, "b");
	await last(seen, "b");
	assert.deepEqual(seen, ["a", "b"]);
});

test("a file is read soon although events of its directory never pause", async (t) => {
	const dir = directory(t);
	const file = join(dir, "config.conf");
	writeFileSync(file, "a");
	// Longer than any of this process's own pauses, in which the timer would be over.
	const seen = follow(t, file, 150);
	await last(seen, "a");
	let writes = 0;
	const noise = setInterval(() => writeFileSync(join(dir, "other"), `${writes++}`), 2);
	t.after(() => clearInterval(noise));
	await until("the noise has begun", () => writes > 10);
	writeFileSync(file, "b");
	await last(seen, "b");
	assert.deepEqual(seen, ["a", "b"]);
});
