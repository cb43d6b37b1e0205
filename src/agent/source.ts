/** The source of objects that the configuration asks for. */
import type { SourceConfig } from "../config.ts";
import type { EventSink } from "../kube/events.ts";
import type { RequestObserver } from "../kube/request-observer.ts";
import type { Logger } from "../log.ts";
import type { ObjectSource } from "../model/objects.ts";

export interface OpenSource {
	readonly source: ObjectSource;
	/** Of a directory of manifests: nowhere. */
	readonly events: EventSink;
}

/** Rejects when a kubeconfig cannot be used. */
export async function openSource(
	config: SourceConfig,
	nodeName: string,
	log: Logger,
	requests?: RequestObserver,
): Promise<OpenSource> {
	if (config.kind === "manifests") {
		const { ManifestSource } = await import("../manifests/source.ts");
		const source = new ManifestSource({
			dir: config.directory,
			log: log.child({ source: "manifests" }),
		});
		return { source, events: { record: () => undefined } };
	}
	const { ApiSource } = await import("../kube/source.ts");
	const kubeconfig =
		config.kind === "api" && config.kubeconfig !== "" ? config.kubeconfig : undefined;
	const server = config.master === "" ? undefined : config.master;
	const source = new ApiSource({
		access: { kubeconfig, server },
		nodeName,
		log: log.child({ source: "api" }),
		...(requests === undefined ? {} : { requests }),
	});
	return { source, events: source.events };
}
