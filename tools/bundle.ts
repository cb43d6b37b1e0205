/** Bundles src/main.ts and what it needs of npm into build/dist/sluice.js; the addon stays outside. */
import { build } from "esbuild";

await build({
	entryPoints: ["src/main.ts"],
	outfile: "build/dist/sluice.js",
	bundle: true,
	platform: "node",
	target: "node24",
	format: "esm",
	legalComments: "linked",
	logLevel: "warning",
	external: ["*.node"],
	// CommonJS packages call require() for Node's own modules.
	banner: {
		js: 'import { createRequire as sluiceRequire } from "node:module";\nconst require = sluiceRequire(import.meta.url);',
	},
});
