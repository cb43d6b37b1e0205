import type { Plugin } from "esbuild";

/**
 * Has the bundle require() node:http. Node makes the namespace of an import by reading all that a
 * module exports, and WebSocket of node:http loads Node's own undici: 9 MiB in an agent.
 */
export const plainHttp: Plugin = {
	name: "plain-http",
	setup(build) {
		const namespace = "plain-http";
		build.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
			kind === "import-statement" ? { path: "node:http", namespace } : undefined,
		);
		build.onLoad({ filter: /.*/, namespace }, () => ({
			contents: 'module.exports = require("node:http");',
		}));
	},
};
