import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../../../src/cli/program.ts";
import { runCli } from "./run-cli.ts";

const names = buildProgram({ out: () => undefined, err: () => undefined }).commands.map((command) =>
	command.name(),
);

/** UPDATE=1 writes the files anew. */
function compare(name: string, actual: string): void {
	const file = new URL(`help/${name}.txt`, import.meta.url);
	if (process.env.UPDATE === "1") writeFileSync(file, actual);
	assert.equal(actual, readFileSync(file, "utf8"));
}

test("sluice --help lists the commands", async () => {
	compare("sluice", (await runCli("--help")).out);
});

for (const name of names) {
	test(`sluice ${name} --help says what the command takes`, async () => {
		compare(name, (await runCli(name, "--help")).out);
	});
}
