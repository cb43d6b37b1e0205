import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Cluster, type ClusterService } from "../lib/net/cluster.ts";
import { buildNextRelease } from "../lib/next-release.ts";
import { assertNoneFailed, underLoad, VARIANTS } from "./under-load.ts";

let next: string | undefined;
before(() => {
	next = buildNextRelease();
});
after(() => {
	if (next !== undefined) rmSync(next, { recursive: true });
});

function pinnedMaps(cluster: Cluster): string[] {
	return readdirSync(join(cluster.lab.node(1).pinPath, "maps")).sort();
}

for (const [name, options] of Object.entries(VARIANTS)) {
	describe(`an upgrade that changes the layout of flows and of a small map, traffic ${name}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("web", ["a", "b", "c"]);
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		it("loses nothing, and leaves no map of the old layout behind", async () => {
			const [agent] = cluster.agents;
			assert.ok(agent);
			assert.ok(pinnedMaps(cluster).includes("flows_v1"));
			const results = await underLoad(cluster, service, async () => {
				await agent.stop();
				agent.useRelease(next ?? assert.fail("the next release did not build"));
				await agent.start();
			});
			assertNoneFailed(results);
			assert.match(agent.log, /flows of the earlier layout taken over/);
			const pinned = pinnedMaps(cluster);
			assert.deepEqual(
				pinned.filter((pin) => /^(flows|overflow|fragments)_/.test(pin)),
				["flows_v2", "fragments_v2", "overflow_v2"],
			);
		});

		it("loses nothing when the new release then restarts", async () => {
			const [agent] = cluster.agents;
			assert.ok(agent);
			const results = await underLoad(cluster, service, async () => {
				await agent.kill();
				await agent.start();
			});
			assertNoneFailed(results);
		});
	});
}
