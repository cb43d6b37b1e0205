import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";

import { endpoint } from "../lib/net/addresses.ts";
import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterService, POD_PORT } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { ask, Conversation, flood } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";
import { PACKET_PATHS } from "./paths.ts";

/** Fields of a borderless table's lines. */
function cells(table: string): string[][] {
	const lines = table.trimEnd().split("\n");
	return lines.map((line) => line.trim().split(/ {3,}/));
}

for (const { title, options } of PACKET_PATHS) {
	describe(`the commands, as users of kubectl, ipvsadm and conntrack use them, ${title}`, () => {
		let cluster: Cluster;
		let agent: Agent;
		let web: ClusterService;
		let kept: Conversation;
		const sluice = (...argv: string[]): string => agent.sluice(argv);

		before(async () => {
			cluster = await Cluster.create(options);
			agent = cluster.agents[0] as Agent;
			web = await cluster.service("web", ["a", "b"]);
			await cluster.service("none", []);
			kept = new Conversation(cluster.pod("x").place, web.target("v4", "TCP"));
			assertAnswered(await kept.ask(), "a connection");
		});
		after(async () => {
			await kept?.close();
			cluster?.close();
		});

		it("services shows each frontend with its backends below and its open connections", () => {
			const rows = cells(sluice("services", "default/web", "--protocol", "tcp"));
			const [head, frontend, ...backends] = rows;
			assert.equal(head?.join(), "SERVICE,PORT,PROTOCOL,ADDRESS,STATE,ACTIVE,INACTIVE,TOTAL");
			assert.equal(frontend?.join(), `default/web,tcp,TCP,${web.text("v4")},forward,1,0,1`);
			const shown = backends.slice(0, 2).map(([address]) => address);
			const pods = ["a", "b"].map((pod) => `-> ${cluster.pod(pod).address.v4}:${POD_PORT}`);
			assert.deepEqual(shown, pods);
			const none = cells(sluice("services", "none", "-o", "wide"));
			assert.equal(none[1]?.[4], "reject");
			assert.ok(none[0]?.includes("REFUSED"));
		});

		it("-o yaml and -o json say the same, and more than the table", () => {
			for (const list of ["services", "backends", "flows", "affinity", "maps", "status"]) {
				const json: unknown = JSON.parse(sluice(list, "-o", "json"));
				const yaml: unknown = parse(sluice(list, "-o", "yaml"));
				const still = (value: unknown): string =>
					JSON.stringify(value).replace(/"(idle|age|expires)":[\d.]+/g, "");
				assert.equal(still(yaml), still(json), list);
			}
		});

		it("-n, -A and selections that match nothing say so, and succeed", () => {
			assert.equal(sluice("services", "-n", "kube-system"), "No services found.\n");
			assert.equal(sluice("backends", "-n", "kube-system"), "No backends found.\n");
			assert.equal(sluice("flows", "nonesuch"), "No flows found.\n");
			assert.equal(sluice("flows", "nonesuch", "-o", "json"), "[]\n");
			assert.equal(sluice("services", "-A"), sluice("services", "-n", "default"));
		});

		it("protocols and states are understood in upper case, as they are printed", () => {
			assert.equal(
				sluice("backends", "--protocol", "TCP"),
				sluice("backends", "--protocol", "tcp"),
			);
			const flows = JSON.parse(sluice("flows", "--state", "ESTABLISHED", "-o", "json"));
			assert.equal(flows.length, 1);
		});

		it("a mistake in the command line is named and ends with 2", () => {
			const mistakes: [RegExp, ...string[]][] = [
				[/exit 2: .*-A and -n cannot be combined/, "services", "-A", "-n", "x"],
				[/exit 2: .*"99999" is not a port/, "flows", "--port", "99999"],
				[/exit 2: .*"foo" is not an IP address/, "backends", "--address", "foo"],
				[/exit 2: .*Allowed choices are tcp, udp, sctp/, "flows", "--protocol", "icmp"],
				[/exit 2: .*add --all if that is meant/, "flows", "--delete"],
				[/exit 2: .*--all is for --delete/, "flows", "--all"],
				[/exit 2: .*unknown command 'service'/, "service"],
			];
			for (const [message, ...argv] of mistakes) assert.throws(() => sluice(...argv), message);
		});

		it("status and maps count the backends beside the entries of hash maps", () => {
			for (const command of ["status", "maps"]) {
				const row = cells(sluice(command)).find(([name]) => name === "backends");
				assert.deepEqual(row?.slice(0, 3), ["backends", "array", "8"], command);
			}
		});

		it("a connection that its client has not confirmed is in conntrack's state SYN_RECV", async () => {
			const { place, address } = cluster.pod("c");
			place.run(
				["nft", "-f", "-"],
				"table inet silent { chain in { type filter hook input priority filter; meta l4proto tcp drop; }; }",
			);
			const from = endpoint(address.v4, 20_000);
			const to = web.text("v4");
			assert.equal(await flood(place, { from, to, count: 3, intervalUs: 1000 }).exit(), 0);
			await until("three flows wait for their client", () => {
				const rows = cells(sluice("flows", "--state", "syn_recv", "--address", address.v4));
				return rows.length === 4 && rows.at(1)?.includes("syn_recv") ? true : undefined;
			});
		});

		it("flows --delete deletes what the filters select; connections of others go on", async () => {
			const client = cluster.pod("c").address.v4;
			assert.equal(
				sluice("flows", "--delete", "--address", client),
				"3 flows selected, 6 entries deleted\n",
			);
			assert.equal(sluice("flows", "--address", client), "No flows found.\n");
			assertAnswered(await kept.ask(), "the connection of another client");
		});

		it("cleanup waits for nobody: it refuses while an agent runs, and leaves nothing after it", async () => {
			assert.throws(() => sluice("cleanup"), /exit 1: sluice: an agent is running/);
			await agent.stop();
			assert.match(sluice("cleanup"), /^removed \d+ links, 0 filters, \d+ pins\n$/);
			assert.throws(() => sluice("services"), /exit 1: sluice: nothing is pinned at /);
			const direct = {
				address: cluster.pod("a").address.v4,
				port: POD_PORT,
				protocol: "TCP",
			} as const;
			assertAnswered(await ask(cluster.pod("x").place, direct), "traffic without sluice");
		});

		it("agent --init-only makes room for pins, with which an agent starts; --cleanup removes all again", async () => {
			const { pinPath, cgroup } = agent.node;
			const said = sluice("agent", "--init-only", `--cgroup-root=${cgroup}`);
			assert.equal(
				said,
				`ready for the agent: pins go to ${pinPath}, sockets below ${cgroup} are served\n`,
			);
			assert.ok(existsSync(pinPath));
			await agent.start();
			assert.throws(() => sluice("agent", "--cleanup"), /exit 1: sluice: an agent is running/);
			await agent.stop();
			assert.match(sluice("agent", "--cleanup"), /^removed [1-9]\d* links, 0 filters, \d+ pins\n$/);
			assert.match(sluice("agent", "--cleanup=true"), /^removed 0 links, 0 filters, 0 pins\n$/);
		});
	});
}
