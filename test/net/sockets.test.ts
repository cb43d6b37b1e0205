import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { DropReason } from "../../src/layout/structs.ts";
import { Cluster, type ClusterService, FAMILIES, POD_PORT } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { Place } from "../lib/net/place.ts";
import { ask, Conversation } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";

interface BackendLine {
	readonly active: number;
}

describe("translation by socket", () => {
	let cluster: Cluster;
	let first: ClusterService;
	let second: ClusterService;
	let client: Place;
	let live: LiveMaps;
	before(async () => {
		cluster = await Cluster.create();
		first = await cluster.service("first", ["a"]);
		second = await cluster.service("second", ["a"]);
		client = cluster.pod("x").place;
		live = new LiveMaps(cluster.lab.node(1).pinPath);
	});
	after(() => cluster?.close());

	it("costs no flow entry: packets carry the endpoint's address from the start", async () => {
		for (const family of FAMILIES) {
			for (const protocol of ["TCP", "UDP"] as const) {
				assertAnswered(await ask(client, first.target(family, protocol)), family);
			}
		}
		assert.equal(live.count("flows"), 0);
	});

	it("shows the pod's own address to the endpoint", async () => {
		for (const family of FAMILIES) {
			const answer = await ask(client, first.target(family, "TCP"));
			assert.ok(answer.seen?.includes(cluster.pod("x").address[family]), `${answer.seen}`);
		}
	});

	it("lets the last of two services win that one UDP socket meets at one endpoint", async () => {
		const conflicts = () => live.drops(DropReason.DROP_SOCKET_PEER_CONFLICT);
		const before = conflicts();
		const targets = [first, second].map((service) => service.target("v4", "UDP"));
		const [one, two] = targets;
		assert.ok(one && two);
		const socket = new Conversation(client, one, { unconnected: true });
		for (const target of [one, two, one, two]) {
			socket.turnTo(target);
			const answer = await socket.ask();
			assert.equal(answer.from, `${target.address}:${target.port}`, JSON.stringify(answer));
		}
		await socket.close();
		assert.equal(conflicts() - before, 3);
	});

	it("counts a connection as open until its socket is closed", async () => {
		const [agent] = cluster.agents;
		assert.ok(agent);
		const active = () => {
			const text = agent.sluice(["backends", "-o", "json"]);
			const lines = JSON.parse(text) as readonly BackendLine[];
			return lines.reduce((sum, backend) => sum + backend.active, 0);
		};
		await until("no connection is open", () => active() === 0 || undefined);
		const conversations = [1, 2, 3].map(() => new Conversation(client, first.target("v4", "TCP")));
		for (const conversation of conversations) assertAnswered(await conversation.ask(), "open");
		assert.equal(active(), 3);
		for (const conversation of conversations) await conversation.close();
		assert.equal(active(), 0);
	});

	it("forgets the service when the socket connects elsewhere", async () => {
		const socket = new Conversation(client, first.target("v4", "UDP"));
		assert.equal((await socket.ask()).peername, first.text("v4"));
		const { v4 } = cluster.pod("b").address;
		socket.reconnectTo({ address: v4, port: POD_PORT, protocol: "UDP" });
		const answer = await socket.ask();
		assert.equal(answer.server, "b");
		assert.equal(answer.peername, `${v4}:${POD_PORT}`);
		assert.equal(answer.from, `${v4}:${POD_PORT}`);
		await socket.close();
	});
});
