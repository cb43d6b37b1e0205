/** The Events that an agent writes, with kube-proxy's reasons where it has them. */
import type { EventNote, EventSubject } from "../kube/event-object.ts";
import type { EventSink } from "../kube/events.ts";
import { splitKey } from "../model/object-key.ts";
import type { ObjectKey } from "../model/objects.ts";

const ACTION = "StartSluice";

export class AgentEvents {
	readonly #sink: EventSink;
	readonly #nodeName: string;

	constructor(sink: EventSink, nodeName: string) {
		this.#sink = sink;
		this.#nodeName = nodeName;
	}

	starting(): void {
		this.#record({ type: "Normal", reason: "Starting", action: ACTION, note: "" });
	}

	/** @param server "healthz" or "metrics" */
	serverFailed(server: string, note: string): void {
		const reason =
			server === "healthz" ? "FailedToStartProxierHealthcheck" : "FailedToStartMetricServer";
		this.#record({ type: "Warning", reason, action: ACTION, note });
	}

	reloadFailed(note: string): void {
		const reason = "FailedToReloadConfig";
		this.#record({ type: "Warning", reason, action: "Reload", note });
	}

	/** Nobody can ask at the Service's healthCheckNodePort. */
	healthCheckFailed(service: { key: ObjectKey; uid: string; port: number }, why: string): void {
		const { key, uid, port } = service;
		this.#sink.record({
			regarding: { apiVersion: "v1", kind: "Service", ...splitKey(key), uid },
			type: "Warning",
			reason: "FailedToStartServiceHealthcheck",
			action: "Listen",
			note: `node ${this.#nodeName} failed to start healthcheck "${key}" on port ${port}: ${why}`,
		});
	}

	#record(about: Omit<EventNote, "regarding">): void {
		this.#sink.record({ regarding: this.#node, ...about });
	}

	/** The kubelet, too, names nodes for their uid: that is what kubectl describe looks for. */
	get #node(): EventSubject {
		const name = this.#nodeName;
		return { apiVersion: "v1", kind: "Node", namespace: "", name, uid: name };
	}
}
