/** /metrics/slis: the component SLIs that Kubernetes components serve (KEP-3466). */
import { Counter, Gauge, Registry } from "@prometheus-io/client";

/** The only check of the status server's /healthz: that the process answers. */
const PING = { name: "ping", type: "healthz" } as const;

/** Counts how the checks behind /healthz of the status server end. */
export class HealthcheckSlis {
	readonly registry = new Registry();
	readonly #last: Gauge<"name" | "type">;
	readonly #total: Counter<"name" | "type" | "status">;

	constructor() {
		const registers = [this.registry];
		this.#last = new Gauge({
			name: "kubernetes_healthcheck",
			help: "The result of the last check: 1 is success",
			labelNames: ["name", "type"],
			registers,
		});
		this.#total = new Counter({
			name: "kubernetes_healthchecks_total",
			help: "Checks by their result",
			labelNames: ["name", "type", "status"],
			registers,
		});
	}

	/** The process has answered. */
	noteAnswer(): void {
		this.#last.set(PING, 1);
		this.#total.inc({ ...PING, status: "success" });
	}
}
