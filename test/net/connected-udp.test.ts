import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { Cluster, type ClusterService, FAMILIES, POD_PORT } from "../lib/net/cluster.ts";
import { LiveMaps } from "../lib/net/live.ts";
import type { Place } from "../lib/net/place.ts";
import { type AskOptions, ask, Conversation, type Target } from "../lib/net/traffic.ts";
import { assertAnswered } from "./checks.ts";

type Family = (typeof FAMILIES)[number];

/** Sockets that connect to a service: IPv4, IPv6, and IPv4 through an IPv6 socket. */
const SOCKETS: readonly { family: Family; mapped: boolean }[] = [
	{ family: "v4", mapped: false },
	{ family: "v6", mapped: false },
	{ family: "v4", mapped: true },
];
const TIMEOUT_MS = 1000;

/** One connected socket of each kind. */
class Sockets {
	readonly #service: ClusterService;
	readonly #conversations: readonly [family: Family, conversation: Conversation][];

	constructor(place: Place, service: ClusterService) {
		this.#service = service;
		this.#conversations = SOCKETS.map(({ family, mapped }) => {
			const options = { mapped, timeoutMs: TIMEOUT_MS };
			return [family, new Conversation(place, service.target(family, "UDP"), options)];
		});
	}

	/** Every socket is answered by that pod, and sees the service. */
	async reach(pod: string): Promise<void> {
		for (const [family, conversation] of this.#conversations) {
			const answer = await conversation.ask();
			assertAnswered(answer, `${family} to ${this.#service.spec.name}, from ${pod}`);
			assert.equal(answer.server, pod);
			assert.equal(answer.peername, this.#service.text(family));
			assert.equal(answer.from, this.#service.text(family));
		}
	}

	async fail(error: string): Promise<void> {
		for (const [family, conversation] of this.#conversations) {
			assert.equal((await conversation.ask()).error, error, family);
		}
	}

	async close(): Promise<void> {
		for (const [, conversation] of this.#conversations) await conversation.close();
	}
}

/** The pod itself answers at its own address. */
async function reachDirectly(
	place: Place,
	pod: { name: string; target: Target },
	options: AskOptions = {},
): Promise<void> {
	const answer = await ask(place, pod.target, { timeoutMs: TIMEOUT_MS, ...options });
	const message = `${pod.target.address} ${JSON.stringify(options)}`;
	assertAnswered(answer, message);
	assert.equal(answer.server, pod.name, message);
}

for (const network of ["routed", "bridged"] as const) {
	describe(`connected UDP sockets, ${network} pods`, () => {
		let cluster: Cluster;
		let web: ClusterService;
		let api: ClusterService;
		let here: ClusterService;
		let clients: { pod: Place; node: Place };
		before(async () => {
			cluster = await Cluster.create({ network });
			web = await cluster.service("web", ["a"]);
			api = await cluster.service("api", []);
			here = await cluster.service("here", [], { internalTrafficPolicy: "Local" });
			clients = { pod: cluster.pod("x").place, node: cluster.lab.node(1).place };
		});
		beforeEach(async () => {
			await cluster.endpoints(api, []);
			await cluster.endpoints(web, ["a"]);
			cluster.lab.guards.reset();
		});
		afterEach(() => cluster.lab.guards.check());
		after(() => cluster?.close());

		const direct = (name: string, family: Family) =>
			({
				name,
				target: { address: cluster.pod(name).address[family], port: POD_PORT, protocol: "UDP" },
			}) as const;

		for (const client of ["pod", "node"] as const) {
			it(`of a ${client} go on when their endpoint leaves, and when the next one does`, async () => {
				const sockets = new Sockets(clients[client], web);
				await sockets.reach("a");
				for (const pod of ["b", "c", "a"]) {
					await cluster.endpoints(web, [pod]);
					await sockets.reach(pod);
				}
				await sockets.close();
			});

			it(`of a ${client} stay with an endpoint as long as their own service has it`, async () => {
				await cluster.endpoints(api, ["a"]);
				const [toWeb, toApi] = [web, api].map((one) => new Sockets(clients[client], one));
				assert.ok(toWeb && toApi);
				await toWeb.reach("a");
				await toApi.reach("a");
				await cluster.endpoints(web, ["b"]);
				await toWeb.reach("b");
				await toApi.reach("a");
				await cluster.endpoints(api, ["c"]);
				await toApi.reach("c");
				await toWeb.reach("b");
				await toWeb.close();
				await toApi.close();
			});

			it(`of a ${client} move on although the endpoint joins another service`, async () => {
				const sockets = new Sockets(clients[client], web);
				await sockets.reach("a");
				await cluster.endpoints(api, ["a"]);
				await cluster.endpoints(web, ["b"]);
				await cluster.endpoints(api, []);
				await cluster.endpoints(api, ["a"]);
				await sockets.reach("b");
				await sockets.close();
			});

			it(`of a ${client} are not sent elsewhere against the policy Local`, async () => {
				await cluster.endpoints(here, ["a"]);
				const sockets = new Sockets(clients[client], here);
				await sockets.reach("a");
				const addresses = Object.values(cluster.pod("b").address);
				const remote = addresses.map((address) => ({ address, node: "elsewhere" }));
				here.pods = [cluster.pod("b")];
				cluster.manifests.endpoints(here.spec, remote);
				for (const agent of cluster.agents) await cluster.programmed(here, agent);
				await sockets.fail("ETIMEDOUT");
				await cluster.endpoints(here, ["c"]);
				await sockets.reach("c");
				await sockets.close();
			});

			it(`let others of a ${client} reach a pod that has the address of a former endpoint`, async () => {
				const sockets = new Sockets(clients[client], web);
				await sockets.reach("a");
				await cluster.endpoints(web, ["b"]);
				await sockets.reach("b");
				for (const { family, mapped } of SOCKETS) {
					for (const unconnected of [false, true]) {
						await reachDirectly(clients[client], direct("a", family), { mapped, unconnected });
					}
				}
				await sockets.reach("b");
				await sockets.close();
			});

			it(`leave nothing to the next socket of a ${client}'s port`, async () => {
				for (const [index, family] of FAMILIES.entries()) {
					const options = { sourcePort: 23_000 + index, timeoutMs: TIMEOUT_MS };
					await cluster.endpoints(web, ["a"]);
					const first = new Conversation(clients[client], web.target(family, "UDP"), options);
					assert.equal((await first.ask()).server, "a");
					await cluster.endpoints(web, ["b"]);
					assert.equal((await first.ask()).server, "b");
					await first.close();
					await reachDirectly(clients[client], direct("a", family), options);
				}
			});

			it(`of a ${client} that connect elsewhere reach a former endpoint as itself`, async () => {
				for (const family of FAMILIES) {
					await cluster.endpoints(web, ["a"]);
					const socket = new Conversation(clients[client], web.target(family, "UDP"), {
						timeoutMs: TIMEOUT_MS,
					});
					assert.equal((await socket.ask()).server, "a");
					await cluster.endpoints(web, ["b"]);
					socket.reconnectTo(direct("a", family).target);
					assert.equal((await socket.ask()).server, "a");
					await socket.close();
				}
			});
		}

		it("need no flow entries while their endpoint stays", async () => {
			const live = new LiveMaps(cluster.lab.node(1).pinPath);
			await cluster.endpoints(api, ["a"]);
			const before = live.count("flows");
			await cluster.endpoints(api, ["b"]);
			const sockets = new Sockets(clients.pod, web);
			await sockets.reach("a");
			await sockets.close();
			assert.equal(live.count("flows"), before);
		});
	});
}
