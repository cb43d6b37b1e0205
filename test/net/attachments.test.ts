import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { loadAddon } from "../../src/dataplane/addon.ts";
import { lacking } from "../lib/features.ts";
import type { Agent } from "../lib/net/agent.ts";
import { agentCommand } from "../lib/net/agent-command.ts";
import { Cluster } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { askers, assertPeer } from "./checks.ts";

const BOTH = /tc_ingress.*tc_egress/s;
const TC_ACT_PIPE = 3;

interface Link {
	readonly name: string;
	readonly device: string;
	readonly attached: boolean;
}

function links(agent: Agent): Link[] {
	return JSON.parse(agent.sluice(["status", "-o", "json"])).links;
}

function isAttached(agent: Agent, name: string): true | undefined {
	return links(agent).some((link) => link.name === name && link.attached) ? true : undefined;
}

/** Detaches a pinned link as `bpftool link detach` does: its pin stays, its program runs no more. */
function detach(agent: Agent, name: string): void {
	const link = loadAddon().BpfLink.fromPin(join(agent.node.pinPath, "links", name));
	link.detach();
	link.close();
}

/** Pins a tc program that lets everything go on. */
function pinForeign(path: string): void {
	const [MOV, EXIT] = [0xb7, 0x95];
	const instructions = new Uint8Array([
		MOV,
		0,
		0,
		0,
		TC_ACT_PIPE,
		0,
		0,
		0,
		EXIT,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
	]);
	loadAddon().BpfProgram.load({ name: "foreign_tc", type: 3, instructions }).pin(path);
}

function firstAgent(cluster: Cluster): Agent {
	const [agent] = cluster.agents;
	assert.ok(agent);
	return agent;
}

describe("programs on TCX links and cgroups", { skip: lacking("tcx") }, () => {
	let cluster: Cluster;
	let agent: Agent;
	before(async () => {
		cluster = await Cluster.create();
		agent = firstAgent(cluster);
	});
	after(() => cluster?.close());

	it("are put back when somebody detaches them", async () => {
		const device = cluster.pod("x").hostDevice;
		const names = [`${device}-ingress`, `${device}-egress`, "cgroup-connect4", "cgroup-recvmsg6"];
		for (const name of names) {
			detach(agent, name);
			await until(`${name} is attached again`, () => isAttached(agent, name));
		}
		await until("the log says so", () =>
			/programs were removed/.test(agent.log) && /a socket hook was detached/.test(agent.log)
				? true
				: undefined,
		);
		const service = await cluster.service("again", ["a", "b"]);
		for (const asker of askers(cluster.pod("x").place)) await assertPeer(service, asker);
	});

	it("are pinned again when somebody removes their pins", async () => {
		const names = [`${cluster.pod("a").hostDevice}-ingress`, "cgroup-connect6"];
		for (const name of names) rmSync(join(agent.node.pinPath, "links", name));
		for (const name of names) {
			await until(`${name} is pinned again`, () => isAttached(agent, name));
		}
	});

	it("follow devices that come, are renamed and go", async () => {
		const { node } = agent;
		const pod = cluster.lab.addPod("new", 1);
		const renamed = `${pod.hostDevice.slice(0, 8)}.9`;
		await until("the new device is served", () => isAttached(agent, `${pod.hostDevice}-ingress`));
		node.place.ip([
			`link set ${pod.hostDevice} down`,
			`link set ${pod.hostDevice} name ${renamed}`,
			`link set ${renamed} up`,
		]);
		const encoded = renamed.replace(".", "%2e");
		await until("the pin has the new name", () => isAttached(agent, `${encoded}-egress`));
		node.place.ip([`link del ${renamed}`]);
		await until("nothing is left of it", () =>
			links(agent).some(({ name }) => name.startsWith(pod.hostDevice) || name.startsWith(encoded))
				? undefined
				: true,
		);
	});

	it("refuse an agent, and a cleanup, of another network namespace while one runs", () => {
		const { place } = cluster.pod("x");
		const [argv0, ...argv] = agentCommand(agent.node, `--manifests=${cluster.lab.directory}`);
		const elsewhere = (command: readonly string[]) => () =>
			place.run(["env", `SLUICE_NODE=${process.execPath}`, ...command]);
		const refusal = /an agent in another network namespace is running with pin path \S+: stop it/;
		assert.throws(elsewhere([argv0 ?? "", ...argv]), refusal);
		const pins = `--pin-path=${agent.node.pinPath}`;
		assert.throws(elsewhere([argv0 ?? "", "cleanup", pins]), refusal);
		assert.equal(isAttached(agent, "cgroup-connect4"), true);
	});

	it("let a second agent with the same pins wait, and cleanup refuse, while one runs", async () => {
		assert.throws(() => agent.sluice(["cleanup"]), /an agent is running/);
		await agent.stop();
		assert.ok(links(agent).length > 0, "an agent that ends leaves its links");
		assert.match(agent.sluice(["cleanup"]), /^removed \d+ links, 0 filters, \d+ pins\n$/);
		assert.equal(existsSync(agent.node.pinPath), false);
		assert.match(agent.sluice(["cleanup"]), /^removed 0 links, 0 filters, 0 pins\n$/);
	});
});

describe("programs on clsact", () => {
	let cluster: Cluster;
	let agent: Agent;
	const filters = (): string =>
		["ingress", "egress"]
			.map((direction) =>
				agent.node.place.run([
					"tc",
					"filter",
					"show",
					"dev",
					cluster.pod("x").hostDevice,
					direction,
				]),
			)
			.join("");
	before(async () => {
		cluster = await Cluster.create({ flags: ["--tc-attach=clsact"] });
		agent = firstAgent(cluster);
	});
	after(() => cluster?.close());

	it("are put back when somebody removes the qdisc", async () => {
		const device = cluster.pod("x").hostDevice;
		assert.match(filters(), BOTH);
		agent.node.place.run(["tc", "qdisc", "del", "dev", device, "clsact"]);
		await until("both filters are back", () => (BOTH.test(filters()) ? true : undefined));
	});

	it("give way to TCX links and come back as the flags say", { skip: lacking("tcx") }, async () => {
		const name = `${cluster.pod("x").hostDevice}-ingress`;
		await agent.stop();
		await agent.start(["--tc-attach=tcx"]);
		assert.equal(isAttached(agent, name), true);
		assert.doesNotMatch(filters(), /tc_ingress|tc_egress/);
		await agent.stop();
		await agent.start();
		assert.match(filters(), BOTH);
		const left = readdirSync(join(agent.node.pinPath, "links"));
		assert.deepEqual(
			left.filter((pin) => pin.endsWith("gress")),
			[],
		);
	});

	it("are gone after cleanup, and another's filter stays", async () => {
		const device = cluster.pod("x").hostDevice;
		const place = agent.node.place;
		pinForeign(`${agent.node.pinPath}-foreign`);
		const filter = ["filter", "add", "dev", device, "ingress", "prio", "7", "bpf", "da", "pinned"];
		place.run(["tc", ...filter, `${agent.node.pinPath}-foreign`]);
		await agent.stop();
		agent.sluice(["cleanup"]);
		assert.doesNotMatch(filters(), /tc_ingress|tc_egress/);
		assert.match(filters(), /foreign_tc/);
		const other = cluster.pod("a").hostDevice;
		assert.doesNotMatch(place.run(["tc", "qdisc", "show", "dev", other]), /clsact/);
	});
});
