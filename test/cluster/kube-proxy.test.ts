import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { command } from "../lib/net/command.ts";
import type { Place } from "../lib/net/place.ts";
import { ask, askMany, Conversation, serve } from "../lib/net/traffic.ts";
import { Cluster } from "./lib/cluster.ts";
import { KUBE_PROXY_MODES, KubeProxy, type KubeProxyMode } from "./lib/kube-proxy.ts";
import { service } from "./lib/objects.ts";

const PORT = 8080;
const VIP = "10.96.5.5";

let cluster: Cluster;

before(async () => {
	const names = KUBE_PROXY_MODES.map((_, index) => [`client${index}`, index + 1] as const);
	// The guards' rules are others' in the same table of the kernel; the peers are to be alone.
	cluster = await Cluster.create({
		nodes: KUBE_PROXY_MODES.length,
		pods: { server: 1, ...Object.fromEntries(names) },
		guarded: false,
	});
	await serve(cluster.lab.pod("server").place, "server", PORT);
	await cluster.addPod(cluster.lab.pod("server"), { app: "echo" });
	const port = { name: "echo", protocol: "TCP", port: 80, targetPort: PORT } as const;
	const options = {
		selector: { app: "echo" },
		clusterIPs: [VIP],
		families: "SingleStack",
	} as const;
	await cluster.plane.api.create(service("echo", [port], options));
});

after(() => cluster.close());

/** The settings of the machine's own network namespace, among them those that all namespaces share. */
function machineSettings(): string {
	const lines = command(["sysctl", "-a"]).split("\n");
	const settings = lines.filter((line) => /^net\.(ipv[46]|netfilter|bridge)\./.test(line));
	return settings.filter((line) => !line.includes("nf_conntrack_count")).join("\n");
}

for (const [index, mode] of KUBE_PROXY_MODES.entries()) {
	test(`the real kube-proxy in mode ${mode} serves a ClusterIP and writes nothing outside its node`, async () => {
		const rules = command(["iptables-legacy-save"]) + command(["nft", "list", "ruleset"]);
		const settings = machineSettings();
		const proxy = new KubeProxy(cluster, cluster.lab.node(index + 1), mode);
		const client = cluster.lab.pod(`client${index}`).place;
		await proxy.ready(client, `${VIP}:80`);
		const answer = await ask(client, { address: VIP, port: 80, protocol: "TCP" });
		assert.equal(answer.server, "server");
		assert.ok(proxy.cpuMs > 0);
		const own = proxy.node.place;
		const legacy = own.run(["iptables-legacy-save", "-t", "nat"]).includes("KUBE-SERVICES");
		const tables = own.run(["nft", "list", "tables"]);
		assert.equal(legacy, mode === "iptables-legacy");
		assert.equal(tables.includes("kube-proxy"), mode === "nftables");
		assert.equal(tables.includes("table ip nat"), mode === "iptables-nft");
		assert.equal(command(["iptables-legacy-save"]) + command(["nft", "list", "ruleset"]), rules);
		assert.equal(machineSettings(), settings);
		await proxy.stop();
	});
}

/** What kube-proxy leaves behind when it is stopped, taken away. */
function removeRules(place: Place, mode: KubeProxyMode): void {
	if (mode === "nftables") {
		for (const family of ["ip", "ip6"]) place.run(["nft", "delete", "table", family, "kube-proxy"]);
		return;
	}
	const kind = mode === "iptables-legacy" ? "legacy" : "nft";
	for (const command of [`iptables-${kind}`, `ip6tables-${kind}`]) {
		for (const table of ["nat", "filter", "mangle"]) {
			place.run([command, "-t", table, "-F"]);
			place.run([command, "-t", table, "-X"]);
		}
	}
}

for (const [index, mode] of KUBE_PROXY_MODES.entries()) {
	test(`an agent takes over where the real kube-proxy in mode ${mode} has left its rules, and when they go`, async () => {
		const node = cluster.lab.node(index + 1);
		const client = cluster.lab.pod(`client${index}`).place;
		const target = { address: VIP, port: 80, protocol: "TCP" } as const;
		const proxy = new KubeProxy(cluster, node, mode);
		await proxy.ready(client, `${VIP}:80`);
		const talk = new Conversation(client, target);
		assert.equal((await talk.ask()).server, "server");
		await proxy.stop();
		const agent = await cluster.startAgent(node, ["--socket-lb=off"]);
		const answersAs = async (): Promise<void> => {
			for (const place of [client, node.place]) {
				const { servers, failed } = await askMany(place, target, 8);
				assert.deepEqual({ servers, failed }, { servers: { server: 8 }, failed: 0 });
			}
		};
		await answersAs();
		const goesOn = await talk.ask();
		assert.equal(goesOn.server, "server", JSON.stringify(goesOn));
		await talk.close();
		assert.notEqual(cluster.read(node, ["flows"]).trim().split("\n").length, 1, "flows are ours");
		removeRules(node.place, mode);
		await answersAs();
		await agent.stop();
	});
}
