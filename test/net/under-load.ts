import assert from "node:assert/strict";

import type { Cluster, ClusterOptions, ClusterService } from "../lib/net/cluster.ts";
import { Load, type LoadResult } from "../lib/net/traffic.ts";
import { askers } from "./checks.ts";

/** The ways that traffic to a service can take. */
export const VARIANTS: Readonly<Record<string, ClusterOptions>> = {
	"by socket": {},
	"by packet through the stack": { flags: ["--socket-lb=off", "--forwarding=stack"] },
	"by packet redirected": { flags: ["--socket-lb=off", "--forwarding=redirect"] },
	"by packet, bridged pods": { network: "bridged", bridgeNf: 1, flags: ["--socket-lb=off"] },
	"by packet, programs on clsact": { flags: ["--socket-lb=off", "--tc-attach=clsact"] },
};

/** Requests over new and over lasting sockets, of every family and protocol, while `work` runs. */
export async function underLoad(
	cluster: Cluster,
	service: ClusterService,
	work: () => Promise<void>,
): Promise<LoadResult[]> {
	const loads: Load[] = [];
	for (const client of [cluster.pod("x").place, cluster.lab.node(1).place]) {
		for (const asker of askers(client)) {
			const target = service.target(asker.family, asker.protocol);
			for (const fresh of [true, false]) {
				loads.push(await Load.start(client, target, { fresh, intervalUs: 5000 }));
			}
		}
	}
	await work();
	return await Promise.all(loads.map((load) => load.stop()));
}

export function assertNoneFailed(results: readonly LoadResult[]): void {
	for (const result of results) {
		assert.equal(result.failed, 0, JSON.stringify(result));
		assert.ok(result.ok > 10, `too few requests to prove anything: ${JSON.stringify(result)}`);
	}
}
