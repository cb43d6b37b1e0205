import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const TREE = fileURLToPath(new URL("../../..", import.meta.url));
const RECIPES = join(TREE, "test/cluster/programs");
const CACHE = join(TREE, ".cache/programs");

/** Program -> folder of its Go module, and the package there. */
const PROGRAMS = {
	etcd: ["etcd", "go.etcd.io/etcd/server/v3"],
	"kube-apiserver": ["kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"],
	"kube-controller-manager": ["kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"],
	"kube-proxy": ["kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"],
	coredns: ["coredns", "."],
} as const;

export type Program = keyof typeof PROGRAMS;

export const PROGRAM_NAMES = Object.keys(PROGRAMS) as Program[];

/** What a program is built from: its module's files. */
function recipeOf(folder: string): string {
	const hash = createHash("sha256");
	for (const file of readdirSync(folder).sort())
		hash.update(file).update(readFileSync(join(folder, file)));
	return hash.digest("hex");
}

/**
 * Path of a program, built first when its module's files have changed since, or were never built.
 * The first build of everything takes about ten minutes and wants the Go module proxy.
 */
export function program(name: Program, say: (text: string) => void = () => undefined): string {
	const [module, source] = PROGRAMS[name];
	const folder = join(RECIPES, module);
	const path = join(CACHE, name);
	const key = `${path}.recipe`;
	const recipe = recipeOf(folder);
	if (existsSync(path) && existsSync(key) && readFileSync(key, "utf8") === recipe) return path;
	say(`building ${name} (once; minutes)`);
	mkdirSync(CACHE, { recursive: true });
	const go = run(folder, [join(TREE, "tools/deps/go")]).trim();
	run(folder, [go, "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", `${path}.new`, source]);
	renameSync(`${path}.new`, path);
	writeFileSync(key, recipe);
	return path;
}

function run(cwd: string, [file = "", ...args]: readonly string[]): string {
	const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "auto", GOWORK: "off" };
	const result = spawnSync(file, args, { cwd, env, encoding: "utf8" });
	if (result.error) throw result.error;
	if (result.status !== 0) throw new Error(`${[file, ...args].join(" ")}:\n${result.stderr}`);
	return result.stdout;
}
