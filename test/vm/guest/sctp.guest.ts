// Runs inside a guest: real SCTP through Services. The packet path alone serves it, with socket hooks or without.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DropReason } from "../../../src/layout/structs.ts";
import { lacking } from "../../lib/features.ts";
import { type AddressPair, OUTSIDE_CLIENT } from "../../lib/net/addresses.ts";
import {
	Cluster,
	type ClusterOptions,
	type ClusterService,
	FAMILIES,
	type Family,
} from "../../lib/net/cluster.ts";
import { until } from "../../lib/net/command.ts";
import { allCounters } from "../../lib/net/counters.ts";
import { LiveMaps } from "../../lib/net/live.ts";
import type { Place } from "../../lib/net/place.ts";
import { type Answer, type AskOptions, ask, Conversation } from "../../lib/net/traffic.ts";
import { assertPeer } from "../../net/checks.ts";

const NODE_PORT = 30_132;
const LARGE = 60_000;
const protocol = "SCTP";

/** With real checksums, or with those that are left to devices; the ways of packets. */
const CLUSTERS: readonly ClusterOptions[] = [
	{ txChecksum: false, flags: [] },
	{ txChecksum: true, flags: ["--socket-lb=off"], network: "bridged" },
	{ txChecksum: false, flags: ["--socket-lb=off", "--forwarding=redirect"] },
];

/** Counts packets whose checksum somebody has made, and others, where they enter the node. */
const WATCH = `table inet watch {
	chain prerouting {
		type filter hook prerouting priority -400
		meta l4proto 132 @th,64,32 != 0 counter comment "made"
		meta l4proto 132 @th,64,32 == 0 counter comment "left"
	}
}
`;

function title({ txChecksum, flags = [], network = "routed" }: ClusterOptions): string {
	const sums = txChecksum ? "checksums left to devices" : "real checksums";
	return `${network} pods, ${flags.join(" ") || "socket hooks"}, ${sums}`;
}

/** Somebody who asks, from the one address that translators can follow. */
interface Client {
	readonly place: Place;
	readonly address: AddressPair;
}

function slow({ address }: Client, family: Family): AskOptions {
	return { timeoutMs: 8000, source: address[family] };
}

function assertFrom(answer: Answer, servers: readonly string[], what: string): void {
	assert.ok(answer.ok, `${what}: ${JSON.stringify(answer)}`);
	assert.ok(servers.includes(answer.server ?? ""), `${what}: ${answer.server}`);
}

/** Packets that a receiver has thrown away for their checksum. */
function badSums(place: Place): number {
	const line = /^SctpChecksumErrors\s+(\d+)$/m.exec(place.run(["cat", "/proc/net/sctp/snmp"]));
	assert.ok(line, "SCTP counts no checksums");
	return Number(line[1]);
}

function watched(place: Place, what: "made" | "left"): number {
	const text = place.run(["nft", "list", "table", "inet", "watch"]);
	return Number(new RegExp(`packets (\\d+) .*"${what}"`).exec(text)?.[1]);
}

for (const options of CLUSTERS) {
	describe(`SCTP Services, ${title(options)}`, { skip: lacking("sctp") }, () => {
		let cluster: Cluster;
		let service: ClusterService;
		let live: LiveMaps;
		const node = (): Place => cluster.lab.node(1).place;
		const near = (): readonly Client[] => [cluster.pod("x"), cluster.lab.node(1)];
		const outside = (): Client => ({ place: cluster.lab.client, address: OUTSIDE_CLIENT });

		before(async () => {
			cluster = await Cluster.create({
				...{ ...options, nodes: 2, protocols: ["TCP", "SCTP"] },
				pods: { a: 1, b: 1, c: 2, x: 1 },
			});
			const nodePorts = { SCTP: NODE_PORT };
			service = await cluster.service("web", ["a", "c"], { nodePorts });
			live = new LiveMaps(cluster.lab.node(1).pinPath);
			node().run(["nft", "-f", "-"], WATCH);
		});
		after(() => cluster?.close());

		async function assertBoth(client: Client, family: Family, address: string, port: number) {
			const seen = new Set<string | undefined>();
			const target = { address, port, protocol } as const;
			for (let round = 0; round < 30 && seen.size < 2; round++) {
				const answer = await ask(client.place, target, slow(client, family));
				assertFrom(answer, ["a", "c"], `${family} ${address}`);
				seen.add(answer.server);
			}
			assert.equal(seen.size, 2);
		}

		for (const family of FAMILIES) {
			test(`a pod and the node reach endpoints here and elsewhere: IP${family}`, async () => {
				const { clusterIPs, port } = service.spec;
				for (const client of near()) {
					const { place } = client;
					await assertBoth(client, family, clusterIPs[family], port);
					await assertPeer(service, { place, family, protocol }, slow(client, family));
				}
			});

			test(`large messages arrive whole in both directions: IP${family}`, async () => {
				for (const client of near()) {
					const sizes = { requestSize: LARGE, replySize: LARGE, ...slow(client, family) };
					const talk = new Conversation(client.place, service.target(family, protocol), sizes);
					for (let round = 0; round < 3; round++) {
						assertFrom(await talk.ask(), ["a", "c"], `round ${round}`);
					}
					await talk.close();
				}
			});

			test(`a client outside reaches a node port, masqueraded: IP${family}`, async () => {
				const address = cluster.lab.node(1).address[family];
				await assertBoth(outside(), family, address, NODE_PORT);
				const target = { address, port: NODE_PORT, protocol } as const;
				const sizes = { requestSize: LARGE, replySize: LARGE, ...slow(outside(), family) };
				assertFrom(await ask(cluster.lab.client, target, sizes), ["a", "c"], "large");
			});

			test(`associations go on when their endpoint leaves, new ones go elsewhere: IP${family}`, async () => {
				await cluster.endpoints(service, ["a"]);
				const target = service.target(family, protocol);
				const talks = near().map(
					(client) => new Conversation(client.place, target, slow(client, family)),
				);
				for (const talk of talks) assertFrom(await talk.ask(), ["a"], "at first");
				await cluster.endpoints(service, ["c"]);
				for (const talk of talks) assertFrom(await talk.ask(), ["a"], "afterwards");
				for (const client of near()) {
					assertFrom(await ask(client.place, target, slow(client, family)), ["c"], "anew");
				}
				for (const talk of talks) await talk.close();
				await cluster.endpoints(service, ["a", "c"]);
			});

			test(`a pod reaches itself: IP${family}`, async () => {
				await cluster.endpoints(service, ["a"]);
				const client = cluster.pod("a");
				const { place } = client;
				await assertPeer(service, { place, family, protocol }, slow(client, family));
				await cluster.endpoints(service, ["a", "c"]);
			});

			test(`without endpoints the client is told so: IP${family}`, async () => {
				await cluster.endpoints(service, []);
				const counter = { v4: "Icmp.InDestUnreachs", v6: "Icmp6InDestUnreachs" }[family];
				for (const { place } of near()) {
					const told = (): number => allCounters(place).get(counter) ?? 0;
					const before = { drops: live.drops(DropReason.DROP_NO_ENDPOINT), told: told() };
					const answer = await ask(place, service.target(family, protocol), { timeoutMs: 1000 });
					assert.ok(!answer.ok);
					assert.ok(live.drops(DropReason.DROP_NO_ENDPOINT) > before.drops);
					assert.ok(told() > before.told, counter);
				}
				await cluster.endpoints(service, ["a", "c"]);
			});
		}

		test("the end of an association is the end of its flow", async () => {
			const states = (): string[] => {
				const shown = cluster.agents[0]?.sluice(["flows", "--protocol=sctp", "-o", "json"]);
				const flows = JSON.parse(shown ?? "[]") as { clientPort: number; state: string }[];
				return flows.filter(({ clientPort }) => clientPort === 41_132).map(({ state }) => state);
			};
			const client = cluster.pod("x");
			const options = { ...slow(client, "v4"), sourcePort: 41_132 };
			const talk = new Conversation(client.place, service.target("v4", protocol), options);
			assertFrom(await talk.ask(), ["a", "c"], "before its end");
			assert.deepEqual(states(), ["established"]);
			await talk.close();
			await until("the flow is closed", () => states()[0] === "closed" || undefined);
		});

		test("receivers have found every checksum right, and senders have made them", () => {
			for (const name of ["a", "c", "x"]) assert.equal(badSums(cluster.pod(name).place), 0, name);
			assert.equal(badSums(node()), 0);
			assert.equal(badSums(cluster.lab.client), 0);
			const [made, left] = [watched(node(), "made"), watched(node(), "left")];
			if (options.txChecksum) assert.ok(left > 0, `${made} ${left}`);
			else assert.ok(made > 50 && left === 0, `${made} ${left}`);
		});

		test("no guard has seen a wrong packet", () => {
			assert.deepEqual(cluster.lab.guards.grown(), []);
		});
	});
}
