import type { Plugin } from "esbuild";

const CLIENT = "@kubernetes/client-node";

/**
 * Leaves out the modules of the Kubernetes client of which nothing is used: all but its handling of
 * kubeconfigs. Its package.json does not say that they have no side effects, so that all 1,500
 * modules of its generated API would be loaded, for 10 MiB in an agent.
 */
export const pruneClient: Plugin = {
	name: "prune-client",
	setup(build) {
		const resolving = Symbol("resolving");
		build.onResolve({ filter: /^\.|client-node/ }, async (args) => {
			const { path, importer, resolveDir, kind, pluginData } = args;
			const isClients = path.startsWith(CLIENT) || importer.includes(`/${CLIENT}/`);
			if (pluginData === resolving || !isClients) return undefined;
			const found = await build.resolve(path, {
				...{ importer, resolveDir, kind, pluginData: resolving },
			});
			return { path: found.path, errors: found.errors, sideEffects: false };
		});
	},
};
