import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Cluster, type ClusterService, POD_PORT } from "../lib/net/cluster.ts";
import { serve } from "../lib/net/traffic.ts";
import { askers, assertPeer } from "./checks.ts";
import { assertNoneFailed, underLoad, VARIANTS } from "./under-load.ts";

for (const [name, options] of Object.entries(VARIANTS)) {
	describe(`traffic to a service ${name}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("web", ["a", "b", "c"]);
		});
		beforeEach(() => cluster.lab.guards.reset());
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		it("loses nothing while endpoints come and go", async () => {
			const results = await underLoad(cluster, service, async () => {
				for (const pods of [["a", "b"], ["b", "c"], ["c"], ["a", "b", "c"]]) {
					await cluster.endpoints(service, pods);
				}
			});
			assertNoneFailed(results);
		});

		it("loses nothing while the agent is killed and started again", async () => {
			const results = await underLoad(cluster, service, async () => {
				for (const agent of cluster.agents) {
					await agent.kill();
					await agent.start();
				}
			});
			assertNoneFailed(results);
		});

		it("loses nothing while the agent ends and another version takes over its programs", async () => {
			const [agent] = cluster.agents;
			assert.ok(agent);
			const before = agent.attached();
			const results = await underLoad(cluster, service, async () => {
				assert.equal(await agent.stop(), 0);
				await agent.start();
			});
			assertNoneFailed(results);
			assert.notEqual(agent.attached(), before, "the programs have not been replaced");
		});
	});
}

describe("a pod that is created while the agent is dead", () => {
	let cluster: Cluster;
	let service: ClusterService;
	before(async () => {
		cluster = await Cluster.create();
		service = await cluster.service("web", ["a", "b", "c"]);
		for (const agent of cluster.agents) await agent.kill();
	});
	after(() => cluster?.close());

	it("reaches a service from its first packet, by TCP, connected and unconnected UDP", async () => {
		const pod = cluster.lab.addPod("late", 1);
		for (const asker of askers(pod.place)) {
			await assertPeer(service, asker);
			if (asker.protocol === "UDP") await assertPeer(service, asker, { unconnected: true });
		}
	});

	it("is served by packet, and as an endpoint, once the agent is back", async () => {
		for (const agent of cluster.agents) await agent.start();
		await serve(cluster.pod("late").place, "late", POD_PORT);
		await cluster.endpoints(service, ["late"]);
		for (const asker of askers(cluster.lab.client)) await assertPeer(service, asker);
	});
});
