/**
 * Bundles src/main.ts and what it needs of npm into build/dist: sluice.js, and beside it the parts
 * that it loads when a command needs them, so that the agent has no more in memory than it uses.
 * The addon stays outside.
 */
import { readdirSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { build } from "esbuild";
import { plainHttp } from "./bundle/plain-http.ts";
import { pruneClient } from "./bundle/prune-client.ts";

const DIRECTORY = "build/dist";

const { metafile } = await build({
	entryPoints: { sluice: "src/main.ts" },
	outdir: DIRECTORY,
	bundle: true,
	splitting: true,
	metafile: true,
	platform: "node",
	target: "node24",
	format: "esm",
	legalComments: "linked",
	// V8 keeps the text of all that is loaded: comments out, and lines that a stack trace can name.
	minifyWhitespace: true,
	lineLimit: 160,
	logLevel: "warning",
	external: ["*.node"],
	alias: { undici: "./tools/bundle/no-undici.ts" },
	plugins: [pruneClient, plainHttp],
	// CommonJS packages call require() for Node's own modules.
	banner: {
		js: 'import { createRequire as sluiceRequire } from "node:module";\nconst require = sluiceRequire(import.meta.url);',
	},
});

/** Parts are named by what is in them: those of earlier builds stay behind. */
const current = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(DIRECTORY)) {
	if (!current.has(name)) rmSync(`${DIRECTORY}/${name}`);
}
