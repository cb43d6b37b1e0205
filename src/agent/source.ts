/** The source of objects that the configuration asks for. */
import type { SourceConfig } from "../config.ts";
import type { Logger } from "../log.ts";
import type { ObjectSource } from "../model/objects.ts";

/** Rejects when a kubeconfig cannot be used. */
export async function openSource(
	config: SourceConfig,
	nodeName: string,
	log: Logger,
): Promise<ObjectSource> {
	if (config.kind === "manifests") {
		const { ManifestSource } = await import("../manifests/source.ts");
		return new ManifestSource({ dir: config.directory, log: log.child({ source: "manifests" }) });
	}
	const { ApiSource } = await import("../kube/source.ts");
	const kubeconfig =
		config.kind === "api" && config.kubeconfig !== "" ? config.kubeconfig : undefined;
	const server = config.master === "" ? undefined : config.master;
	return new ApiSource({
		access: { kubeconfig, server },
		nodeName,
		log: log.child({ source: "api" }),
	});
}
