/** What flows that live on follow: routes and devices of the node, and frontends that change hands. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Agent } from "../lib/net/agent.ts";
import { Cluster, type ClusterService, FAMILIES, PROTOCOLS } from "../lib/net/cluster.ts";
import { until } from "../lib/net/command.ts";
import type { LabNode } from "../lib/net/node.ts";
import { Conversation } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";

const NODE_PORT = 30_080;
/** Addresses of the second way between the nodes. */
const DETOUR = {
	v4: ["10.250.0.1", "10.250.0.2"],
	v6: ["fd00:250::1", "fd00:250::2"],
} as const;

interface Talk {
	readonly what: string;
	readonly protocol: "TCP" | "UDP";
	readonly conversation: Conversation;
}

describe("clients outside, masqueraded by a node to an endpoint on another one", () => {
	let cluster: Cluster;
	let near: LabNode;
	let far: LabNode;
	let agent: Agent;
	/** Of every family and protocol, with one socket each. */
	let conversations: readonly Talk[];

	/** The far pod's route goes by a device of its own, which is made for it. */
	const addDetour = (): void => {
		near.place.ip([`link add detour type veth peer name detour netns ${far.place.netns}`]);
		for (const [i, { place }] of [near, far].entries()) {
			place.sysctl({ "net/ipv4/conf/all/rp_filter": 0, "net/ipv4/conf/detour/rp_filter": 0 });
			place.ip([
				"link set detour up",
				`addr add ${DETOUR.v4[i]}/24 dev detour`,
				`addr add ${DETOUR.v6[i]}/64 dev detour nodad`,
			]);
		}
		const { v4, v6 } = cluster.pod("far").address;
		near.place.ip([`route add ${v4} via ${DETOUR.v4[1]}`, `route add ${v6} via ${DETOUR.v6[1]}`]);
	};
	const removeDetour = (): void => near.place.ip(["link del detour"]);
	const sentByDetour = (): number =>
		JSON.parse(near.place.run(["ip", "-json", "-stats", "link", "show", "detour"]))[0].stats64.tx
			.packets;
	/** A datagram may be lost before flows have followed; connections send theirs again. */
	const askAll = async (when: string): Promise<void> => {
		for (const { what, protocol, conversation } of conversations) {
			if (protocol === "TCP") assertAnswered(await conversation.ask(), `${what}, ${when}`);
			else await until(`${what}, ${when}`, async () => (await conversation.ask()).ok || undefined);
		}
	};
	/** The packets of every conversation leave by the detour. */
	const assertDetoured = async (when: string): Promise<void> => {
		for (const { what, protocol, conversation } of conversations) {
			await until(`${what} takes the detour, ${when}`, async () => {
				const before = sentByDetour();
				const answer = await conversation.ask();
				if (protocol === "TCP") assertAnswered(answer, `${what}, ${when}`);
				return (answer.ok && sentByDetour() > before) || undefined;
			});
		}
	};

	before(async () => {
		cluster = await Cluster.create({ nodes: 2, pods: { far: 2 }, flags: ["--socket-lb=off"] });
		[near, far] = [cluster.lab.node(1), cluster.lab.node(2)];
		const [first] = cluster.agents;
		assert.ok(first);
		agent = first;
		await cluster.service("web", ["far"], { nodePorts: { TCP: NODE_PORT, UDP: NODE_PORT } });
		conversations = FAMILIES.flatMap((family) =>
			PROTOCOLS.map((protocol) => {
				const target = { address: near.address[family], port: NODE_PORT, protocol };
				const conversation = new Conversation(cluster.lab.client, target);
				return { what: `${protocol} ${family}`, protocol, conversation };
			}),
		);
	});
	after(() => cluster.close());

	it("go on by the route that is there now, and by another one when its device is gone", async () => {
		await askAll("at first");
		addDetour();
		await assertDetoured("when there is one");
		removeDetour();
		await askAll("when the detour is gone");
	});

	it("go on by a route that changed while no agent ran", async () => {
		await agent.stop();
		addDetour();
		await agent.start();
		await assertDetoured("with an agent again");
		removeDetour();
		await askAll("when the detour is gone again");
	});
});

describe("an external address that another Service takes over", () => {
	const EXTERNAL = { v4: "10.96.200.9", v6: "fd00:96::c809" } as const;
	const spec = { externalIPs: [EXTERNAL.v4, EXTERNAL.v6] };
	let cluster: Cluster;
	let first: ClusterService;
	let second: ClusterService;

	before(async () => {
		cluster = await Cluster.create({ pods: { a: 1, b: 1 } });
		first = await cluster.service("first", ["a"], { spec });
		second = await cluster.service("second", ["b"]);
	});
	after(() => cluster.close());

	it("takes UDP clients with it that never pause, and leaves connections where they are", async () => {
		const talks = FAMILIES.flatMap((family) =>
			PROTOCOLS.map((protocol) => {
				const target = { address: EXTERNAL[family], port: 80, protocol };
				return { protocol, conversation: new Conversation(cluster.lab.client, target) };
			}),
		);
		for (const { conversation } of talks) assert.equal((await conversation.ask()).server, "a");
		cluster.manifests.service({ ...second.spec, spec });
		cluster.manifests.service({ ...first.spec, spec: {} });
		for (const { protocol, conversation } of talks) {
			if (protocol === "TCP") continue;
			await until("the second Service answers", async () => {
				return (await conversation.ask()).server === "b" || undefined;
			});
		}
		for (const { protocol, conversation } of talks) {
			assert.equal((await conversation.ask()).server, protocol === "TCP" ? "a" : "b");
		}
	});
});
