import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const TREE = fileURLToPath(new URL("../../..", import.meta.url));
const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: TREE });

function page(name: string): string {
	return readFileSync(join(TREE, name), "utf8");
}

test("each link of the documents to a file of the tree leads to one", () => {
	assert.ok(PAGES.length > 10);
	const broken = PAGES.flatMap((name) =>
		[...page(name).matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)]
			.map(([, path = ""]) => path)
			.filter((path) => !existsSync(join(TREE, dirname(name), path)))
			.map((path) => `${name}: ${path}`),
	);
	assert.deepEqual(broken, []);
});
