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

/** Rejects when an address cannot be bound and --bind-address-hard-fail is given. */
export async function startServers(
	config: AgentConfig,
	health: HealthState,
	metrics: Metrics,
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
			onState: () => undefined,
		});
		servers.push(server);
		await server.start();
	};
	await open("healthz", config.healthz, healthHandler(health, metrics));
	await open("metrics", config.metrics, statusHandler(metrics.registry));
	return {
		stop: () => {
			for (const server of servers) server.stop();
		},
	};
}
