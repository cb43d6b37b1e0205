/**
 * Generates src/layout/structs.ts from the BTF of bpf/layout.bpf.c.
 *
 *     node tools/gen-layout.ts            writes the file
 *     node tools/gen-layout.ts --check    fails when the file is not what would be written
 *
 * Needs clang (CLANG, default clang-19), bpftool (BPFTOOL) and biome from node_modules.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Btf, type BtfType } from "./layout-btf.ts";
import { emitModule } from "./layout-emit.ts";

const root = join(import.meta.dirname, "..");
const target = join(root, "src/layout/structs.ts");

function readBtf(): Btf {
	const work = mkdtempSync(join(tmpdir(), "sluice-layout-"));
	try {
		const object = join(work, "layout.o");
		const multiarch = execFileSync("cc", ["-print-multiarch"], { encoding: "utf8" }).trim();
		const clang = process.env.CLANG ?? "clang-19";
		execFileSync(clang, [
			...["-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-Wpadded", "-Werror"],
			...(multiarch ? ["-isystem", `/usr/include/${multiarch}`] : []),
			...["-c", join(root, "bpf/layout.bpf.c"), "-o", object],
		]);
		const bpftool = process.env.BPFTOOL ?? "bpftool";
		const dump = execFileSync(bpftool, ["-j", "btf", "dump", "file", object], {
			encoding: "utf8",
			maxBuffer: 64 << 20,
		});
		return new Btf((JSON.parse(dump) as { types: BtfType[] }).types);
	} finally {
		rmSync(work, { recursive: true });
	}
}

function format(source: string): string {
	const biome = join(root, "node_modules/.bin/biome");
	const options = ["--indent-style=tab", "--line-width=100", "--stdin-file-path=structs.ts"];
	return execFileSync(biome, ["format", ...options], {
		input: source,
		encoding: "utf8",
		cwd: root,
		stdio: ["pipe", "pipe", "inherit"],
	});
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const wanted = format(emitModule(readBtf()));
if (!values.check) {
	writeFileSync(target, wanted);
} else if (readFileSync(target, "utf8") !== wanted) {
	process.stderr.write("src/layout/structs.ts is not what bpf/types.h gives: run `make gen`.\n");
	process.exitCode = 1;
}
