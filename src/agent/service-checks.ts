/** Health check node ports, wired to the cluster. */
import { networkInterfaces } from "node:os";
import type { Logger } from "../log.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Family, ObjectKey } from "../model/objects.ts";
import { serviceHealth } from "../model/service-health.ts";
import type { HealthState } from "../serve/health.ts";
import { HealthChecks } from "../serve/health-checks.ts";
import type { AgentEvents } from "./events.ts";
import { FAMILIES } from "./node-settings.ts";

/** Node ports are where load balancers ask, so they decide at which addresses they are answered. */
export function healthChecks(
	cluster: Cluster,
	health: HealthState,
	events: AgentEvents,
	log: Logger,
): HealthChecks {
	const isEverywhere = () => cluster.reach.settings.nodePortAddresses.length === 0;
	return new HealthChecks({
		families: FAMILIES.filter(isSpoken),
		isHealthy: (key) => health.serves(key),
		isServed: (address) => isEverywhere() || cluster.reach.nodePortAddresses.has(address),
		onFailure: (key, port, reason) => {
			const uid = cluster.view(key)?.service.uid ?? "";
			events.healthCheckFailed({ key, uid, port }, reason);
		},
		log,
	});
}

/** Whether the node has addresses of the family at all, be it that of lo. */
function isSpoken(family: Family): boolean {
	return Object.values(networkInterfaces())
		.flatMap((addresses) => addresses ?? [])
		.some((address) => address.family === family);
}

/** Has the Service answered for as it is now. */
export function noteService(checks: HealthChecks, cluster: Cluster, key: ObjectKey): void {
	const view = cluster.healthPort(key) > 0 ? cluster.view(key) : undefined;
	checks.set(key, view && serviceHealth(view));
}
