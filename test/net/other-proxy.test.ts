/** A Service with the label service.kubernetes.io/service-proxy-name, which another proxy on the node serves. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { DropReason } from "../../src/layout/structs.ts";
import { Cluster, POD_PORT, SERVICE_PORT } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { LiveMaps } from "../lib/net/live.ts";
import { ask, type Target } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { PATHS } from "./paths.ts";

const THEIRS = "10.96.77.77";
const TARGET: Target = { address: THEIRS, port: SERVICE_PORT, protocol: "TCP" };
const SERVICE = {
	apiVersion: "v1",
	kind: "Service",
	metadata: { name: "theirs", labels: { "service.kubernetes.io/service-proxy-name": "other" } },
	spec: { clusterIP: THEIRS, ports: [{ port: SERVICE_PORT }] },
};

for (const { title, options } of PATHS) {
	describe(`another proxy's Service, ${title}`, () => {
		let cluster: Cluster;
		let live: LiveMaps;
		const file = (): string => join(cluster.manifests.directory, "theirs.yaml");
		const drops = (): number => live.drops(DropReason.DROP_UNKNOWN_ADDRESS);
		const isDropped = async (): Promise<boolean> => {
			const before = drops();
			await ask(cluster.pod("x").place, TARGET, { timeoutMs: 300 });
			return drops() > before;
		};

		before(async () => {
			cluster = await Cluster.create({ ...options, pods: { a: 1, x: 1 } });
			live = new LiveMaps(cluster.lab.node(1).pinPath);
			cluster.manifests.serviceCIDR("10.96.0.0/16");
			await cluster.service("ours", ["a"]);
			const rules = `table ip theirs {
				chain prerouting { type nat hook prerouting priority dstnat; ip daddr ${THEIRS} tcp dport ${SERVICE_PORT} dnat to ${cluster.pod("a").address.v4}:${POD_PORT}; }
				chain postrouting { type nat hook postrouting priority srcnat; ct status dnat masquerade; }
			}`;
			cluster.lab.node(1).place.run(["nft", "-f", "-"], rules);
		});
		after(() => cluster?.close());

		it("is not dropped as an address of no Service, and served by that proxy", async () => {
			await until("the address is nobody's", async () => (await isDropped()) || undefined);
			writeFileSync(file(), JSON.stringify(SERVICE));
			await until("the address is theirs", async () => !(await isDropped()) || undefined);
			const answer = await ask(cluster.pod("x").place, TARGET);
			assertAnswered({ ...answer }, "through their rules");
			assert.equal(answer.server, "a");
			rmSync(file());
			await until("the address is nobody's again", async () => (await isDropped()) || undefined);
		});
	});
}
