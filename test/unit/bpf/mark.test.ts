import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const TREE = fileURLToPath(new URL("../../../bpf", import.meta.url));

test("no program reads or writes the mark of a packet or of a socket", () => {
	const files = globSync("**/*.{c,h}", { cwd: TREE });
	assert.ok(files.length > 20);
	const touching = files.filter((file) =>
		/(->|\.)\s*mark\b|SO_MARK/.test(readFileSync(join(TREE, file), "utf8")),
	);
	assert.deepEqual(touching, []);
});
