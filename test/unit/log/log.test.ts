import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, levelOf } from "../../../src/log.ts";

async function logged(verbosity: number, pretty = false) {
	const lines: string[] = [];
	const destination = { write: (line: string) => lines.push(line) };
	return { lines, log: await createLogger({ verbosity, pretty, destination }) };
}

test("klog's verbosity decides which levels are written", async () => {
	assert.deepEqual([0, 1, 2, 3, 4, 9].map(levelOf), [
		...["info", "info", "debug", "debug", "trace", "trace"],
	]);
	const { lines, log } = await logged(2);
	log.info("one");
	log.debug("two");
	log.trace("three");
	assert.deepEqual(
		lines.map((line) => JSON.parse(line).msg),
		["one", "two"],
	);
});

test("tokens are not written, neither as fields nor inside of texts", async () => {
	const { lines, log } = await logged(0);
	const secret = "abcdefghijklmnop";
	log.child({ part: "kube" }).warn(
		{
			token: secret,
			headers: { Authorization: `Bearer ${secret}` },
			err: new Error(`refused: Bearer ${secret}`),
		},
		`refused: Bearer ${secret}`,
	);
	assert.equal(lines.length, 1);
	assert.ok(!lines[0]?.includes(secret), lines[0]);
	assert.match(lines[0] ?? "", /"msg":"refused: Bearer \[redacted\]"/);
});

test("on a terminal a line says level, message and fields without JSON around them", async () => {
	const { lines, log } = await logged(0, true);
	log.info({ service: "default/web" }, "served");
	assert.match(lines.join(""), /^\[[\d:.]+\] INFO: served \{"service":"default\/web"\}\n$/);
});
