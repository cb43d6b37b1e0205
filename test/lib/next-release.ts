import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { prebuilt } from "./prebuilt.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What a later release changes in bpf/types.h: [text, its replacement]. */
const CHANGES: readonly (readonly [string, string])[] = [
	// A flow's fields move, and there is a new one.
	["struct flow {\n", "struct flow {\n\t__u64 added_by_next_release;\n"],
	["MAP_VERSION_FLOWS = 1", "MAP_VERSION_FLOWS = 2"],
	["MAP_VERSION_OVERFLOW = 1", "MAP_VERSION_OVERFLOW = 2"],
	// A small map's value grows.
	["struct fragment {\n", "struct fragment {\n\t__u32 added_by_next_release;\n"],
	["MAP_VERSION_FRAGMENTS = 1", "MAP_VERSION_FRAGMENTS = 2"],
];

/**
 * Builds a later release of this tree, in which the layouts of flows, overflow and fragments differ,
 * and returns its directory, which the caller removes. The addon, which knows no layout, is taken as
 * it is.
 */
export function buildNextRelease(): string {
	const next = mkdtempSync(join(tmpdir(), "sluice-next-"));
	const before = prebuilt("next-release");
	if (before !== undefined) {
		cpSync(before, next, { recursive: true });
		return next;
	}
	const copy = (path: string): void => {
		mkdirSync(dirname(join(next, path)), { recursive: true });
		cpSync(join(ROOT, path), join(next, path), { recursive: true });
	};
	const files = execFileSync(
		"git",
		["ls-files", "-co", "--exclude-standard", "bpf", "src", "tools", "bin", "package.json"],
		{ cwd: ROOT, encoding: "utf8" },
	);
	for (const file of files.trim().split("\n")) copy(file);
	copy("build/native");
	// biome, which formats the generated layouts, wants both.
	copy("biome.json");
	copy(".gitignore");
	symlinkSync(join(ROOT, "node_modules"), join(next, "node_modules"));
	change(join(next, "bpf/types.h"));
	const run = (program: string, argv: readonly string[]): void => {
		execFileSync(program, argv, { cwd: next, stdio: ["ignore", "ignore", "inherit"] });
	};
	run("make", ["-C", "bpf"]);
	run(process.execPath, ["tools/gen-layout.ts"]);
	run(process.execPath, ["tools/bundle.ts"]);
	return next;
}

function change(file: string): void {
	let text = readFileSync(file, "utf8");
	for (const [from, to] of CHANGES) {
		if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
		text = text.replace(from, to);
	}
	writeFileSync(file, text);
}
