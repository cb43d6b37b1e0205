import assert from "node:assert/strict";
import { test } from "node:test";
import { SkipLog } from "../../../src/agent/skip-log.ts";
import { createLogger } from "../../../src/log.ts";
import type { Change, Skip } from "../../../src/model/objects.ts";

function change(key: string, skips: readonly Skip[]): Change {
	return { kind: "service", key, object: undefined, skips };
}

const BAD_PORT = { object: "Service shop/web", reason: "port 0" };

test("a skip is said once, and counted until it is gone", async () => {
	const lines: string[] = [];
	const destination = { write: (line: string) => void lines.push(line) };
	const skips = new SkipLog(await createLogger({ verbosity: 0, pretty: false, destination }));
	skips.note([change("shop/web", [BAD_PORT]), change("shop/good", [])]);
	skips.note([change("shop/web", [BAD_PORT])]);
	assert.equal(skips.count, 1);
	assert.equal(lines.length, 1);
	assert.match(lines[0] ?? "", /"object":"Service shop\/web","reason":"port 0"/);
	skips.note([change("shop/web", [])]);
	assert.equal(skips.count, 0);
	skips.note([change("shop/web", [BAD_PORT])]);
	assert.equal(lines.length, 2, "it is back");
});

test("of an object with many skips only the first are said one by one", async () => {
	const lines: string[] = [];
	const destination = { write: (line: string) => void lines.push(line) };
	const skips = new SkipLog(await createLogger({ verbosity: 0, pretty: false, destination }));
	const many = Array.from({ length: 1000 }, (_, i) => ({ ...BAD_PORT, reason: `endpoint ${i}` }));
	skips.note([change("shop/web", many)]);
	assert.equal(skips.count, 1000);
	assert.equal(lines.length, 6);
	assert.match(lines[5] ?? "", /"more":995/);
});
