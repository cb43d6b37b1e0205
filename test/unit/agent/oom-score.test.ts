import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setOomScore } from "../../../src/agent/oom-score.ts";

test("the score is written when it is another, and why it cannot be is said", (t) => {
	const directory = mkdtempSync(join(tmpdir(), "sluice-oom-"));
	t.after(() => rmSync(directory, { recursive: true }));
	const file = join(directory, "oom_score_adj");
	writeFileSync(file, "0\n");
	assert.equal(setOomScore(0, file), "");
	assert.equal(readFileSync(file, "utf8"), "0\n");
	assert.equal(setOomScore(-999, file), "");
	assert.equal(readFileSync(file, "utf8"), "-999");
	assert.match(setOomScore(1, join(directory, "missing")), /ENOENT/);
});
