/** The two listening sockets of the agent. */
import type { AgentConfig, BindAddress } from "../config.ts";
import type { Logger } from "../log.ts";
import { healthHandler, statusHandler } from "../serve/handlers.ts";
import type { HealthState } from "../serve/health.ts";
import { type Handler, HttpServer } from "../serve/http.ts";
import type { Metrics } from "../serve/metrics.ts";

export interface Servers {
	stop(): void;
}

/** What the servers answer with. */
export interface Answers {
	readonly health: HealthState;
	readonly metrics: Metrics;
	/** The configuration in effect, in kube-proxy's form. */
	readonly configuration: () => object;
	/** A server, "healthz" or "metrics", cannot listen. */
	readonly onFailure: (server: string, reason: string) => void;
}

/** Rejects when an address cannot be bound and --bind-address-hard-fail is given. */
export async function startServers(
	config: AgentConfig,
	{ health, metrics, configuration, onFailure }: Answers,
	log: Logger,
): Promise<Servers> {
	const servers: HttpServer[] = [];
	const open = async (
		name: string,
		at: BindAddress | undefined,
		handler: Handler,
	): Promise<void> => {
		if (at === undefined) return;
		const server = new HttpServer(handler, {
			name,
			...at,
			hardFail: config.bindHardFail,
			log,
			onState: (reason) => {
				if (reason !== "") onFailure(name, `starting ${name} server failed: ${reason}`);
			},
		});
		servers.push(server);
		await server.start();
	};
	await open("healthz", config.healthz, healthHandler(health, metrics));
	await open("metrics", config.metrics, statusHandler(metrics.registry, configuration));
	return {
		stop: () => {
			for (const server of servers) server.stop();
		},
	};
}
