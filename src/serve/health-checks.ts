/**
 * What external load balancers ask before they send a Service's traffic to this node: an HTTP
 * server at each healthCheckNodePort, in kube-proxy's words (pkg/proxy/healthcheck/service_health.go).
 */
import type { Socket } from "node:net";
import type { Logger } from "../log.ts";
import { splitKey } from "../model/object-key.ts";
import type { Family, ObjectKey } from "../model/objects.ts";
import type { ServiceHealth } from "../model/service-health.ts";
import { type HttpAnswer, HttpServer } from "./http.ts";

export interface HealthChecksOptions {
	readonly families: readonly Family[];
	/** Whether the proxy serves the Service as it should, without the node's eligibility. */
	readonly isHealthy: (key: ObjectKey) => boolean;
	/** Whether node ports are served at this local address; others close what connects to them. */
	readonly isServed: (address: string) => boolean;
	/** Nobody can ask at the port, of one family, and why; told once until that changes. */
	readonly onFailure: (key: ObjectKey, port: number, reason: string) => void;
	readonly log: Logger;
	/** Between two attempts to listen; default that of HttpServer. */
	readonly retryMs?: number;
}

interface Check {
	health: ServiceHealth;
	readonly servers: readonly HttpServer[];
}

const ANY_ADDRESS: Readonly<Record<Family, string>> = { IPv4: "0.0.0.0", IPv6: "::" };

export class HealthChecks {
	readonly #options: HealthChecksOptions;
	readonly #checks = new Map<ObjectKey, Check>();

	constructor(options: HealthChecksOptions) {
		this.#options = options;
	}

	/** Opens, changes or closes what answers for a Service. `health` undefined: nobody asks. */
	set(key: ObjectKey, health: ServiceHealth | undefined): void {
		const check = this.#checks.get(key);
		if (check !== undefined && check.health.port === health?.port) {
			check.health = health;
			return;
		}
		for (const server of check?.servers ?? []) server.stop();
		if (health === undefined) this.#checks.delete(key);
		else this.#checks.set(key, { health, servers: this.#open(key, health.port) });
	}

	/** Services that are answered for. */
	get size(): number {
		return this.#checks.size;
	}

	stop(): void {
		for (const key of [...this.#checks.keys()]) this.set(key, undefined);
	}

	#open(key: ObjectKey, port: number): HttpServer[] {
		const { families, isServed, log, onFailure, retryMs } = this.#options;
		return families.map((family) => {
			const server = new HttpServer(() => this.#answer(key, family), {
				name: `health check of Service ${key}, ${family}`,
				host: ANY_ADDRESS[family],
				port,
				ipv6Only: true,
				hardFail: false,
				log,
				...(retryMs === undefined ? {} : { retryMs }),
				accepts: ({ localAddress = "" }: Socket) => isServed(localAddress),
				onState: (reason) => {
					if (reason !== "") onFailure(key, port, reason);
				},
			});
			void server.start();
			return server;
		});
	}

	#answer(key: ObjectKey, family: Family): HttpAnswer | undefined {
		const check = this.#checks.get(key);
		if (check === undefined) return undefined;
		const localEndpoints = check.health.localEndpoints[family];
		const serviceProxyHealthy = this.#options.isHealthy(key);
		const service = splitKey(key);
		return {
			status: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503,
			headers: {
				"Content-Type": "application/json",
				"X-Content-Type-Options": "nosniff",
				"X-Load-Balancing-Endpoint-Weight": String(localEndpoints),
			},
			body: JSON.stringify({ service, localEndpoints, serviceProxyHealthy }, null, "\t"),
		};
	}
}
