/** kube-proxy's configuration file changes while the agent runs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterService } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { ConfigMapDirectory } from "../lib/net/config-map.ts";
import { ask, Load } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { PATHS } from "./paths.ts";

const FILE = "config.conf";
const NODE_PORT = 30_080;

/** oomScoreAdj: the machine's memory is not the lab's to rule over. */
const text = (fields: string): string =>
	`apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\noomScoreAdj: 0\n${fields}`;

for (const { title, network, options } of PATHS) {
	describe(`a changed configuration file, ${title}`, () => {
		let files: ConfigMapDirectory;
		let cluster: Cluster;
		let agent: Agent;
		let web: ClusterService;

		const configz = (): Record<string, unknown> => {
			const answer = agent.node.place.run(["curl", "-s", "http://127.0.0.1:10249/configz"]);
			return JSON.parse(answer)["kubeproxy.config.k8s.io"];
		};
		const said = (message: string): Promise<true> =>
			until(`the agent says "${message}"`, () => agent.log.includes(message) || undefined);
		const atNodePort = async (): Promise<boolean> => {
			const target = { address: agent.node.address.v4, port: NODE_PORT, protocol: "TCP" } as const;
			return (await ask(agent.node.place, target, { timeoutMs: 500 })).ok;
		};

		before(async () => {
			files = new ConfigMapDirectory(FILE, text("clusterCIDR: 10.1.0.0/16\n"));
			cluster = await Cluster.create({
				network,
				pods: { a: 1, b: 1, x: 1 },
				flags: [...(options.flags ?? []), `--config=${files.file(FILE)}`],
			});
			const [first] = cluster.agents;
			assert.ok(first);
			agent = first;
			web = await cluster.service("web", ["a", "b"], { nodePorts: { TCP: NODE_PORT } });
		});
		after(() => {
			cluster?.close();
			files?.remove();
		});

		it("is what /configz shows from the start", () => {
			assert.equal(configz().kind, "KubeProxyConfiguration");
			assert.equal(configz().clusterCIDR, "10.1.0.0/16");
			assert.equal(configz().healthzBindAddress, "0.0.0.0:10256");
		});

		it("is applied when a ConfigMap's link is swapped, and no request under load is lost", async () => {
			const loads = [
				await Load.start(cluster.pod("x").place, web.target("v4", "TCP"), { fresh: true }),
				await Load.start(cluster.pod("x").place, web.target("v6", "UDP")),
				await Load.start(agent.node.place, web.target("v4", "TCP")),
			];
			assert.equal(await atNodePort(), true);
			files.update(
				FILE,
				text("nodePortAddresses: [203.0.113.0/24]\niptables: { masqueradeAll: true }\n"),
			);
			await until("the node port is not served", async () => !(await atNodePort()) || undefined);
			files.update(FILE, text("nodePortAddresses: [primary]\nconntrack: { udpTimeout: 7s }\n"));
			await until("the node port is served", async () => (await atNodePort()) || undefined);
			for (const load of loads) {
				const { failed, errors, sent } = await load.stop();
				assert.ok(sent > 0);
				assert.equal(failed, 0, JSON.stringify(errors));
			}
			assert.deepEqual(configz().nodePortAddresses, ["primary"]);
			assert.equal((configz().conntrack as Record<string, string>).udpTimeout, "7s");
		});

		it("names what waits for the next start", async () => {
			files.update(FILE, text("nodePortAddresses: [primary]\nmetricsBindAddress: 127.0.0.1:7\n"));
			await said("takes effect at the next start: metricsBindAddress");
			assert.equal(configz().metricsBindAddress, "127.0.0.1:10249");
		});

		it("is refused when it is invalid, and what was configured stays", async () => {
			files.update(FILE, text("nodePortAddresses: [203.0.113.0/24]\nmode: userspace\n"));
			await said("the changed configuration is refused; the last one stays");
			assert.match(agent.log, /mode: must be one of empty, iptables, ipvs, nftables/);
			assert.deepEqual(configz().nodePortAddresses, ["primary"]);
			assert.equal(await atNodePort(), true);
			assertAnswered(await ask(cluster.pod("x").place, web.target("v4", "TCP")), "still served");
		});
	});
}
