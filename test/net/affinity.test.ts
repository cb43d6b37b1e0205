/** Session affinity as real clients meet it, by sockets and by packets. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { AffinityView } from "../../src/cli/read/affinity.ts";
import { Cluster, type ClusterService, FAMILIES, PROTOCOLS } from "../lib/net/cluster.ts";
import type { Place } from "../lib/net/place.ts";
import { type AskOptions, askMany, type Target } from "../lib/net/traffic.ts";
import { ALL_PATHS } from "./paths.ts";

/** Three backends give that many requests the same one once in 10^7 runs without affinity. */
const MANY = 16;
const SPEC = {
	sessionAffinity: "ClientIP",
	sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
};

/** The one server of all requests. */
async function server(place: Place, target: Target, options: AskOptions = {}): Promise<string> {
	const { servers, failed } = await askMany(place, target, MANY, options);
	const names = Object.keys(servers);
	assert.equal(failed, 0, JSON.stringify(servers));
	assert.equal(names.length, 1, JSON.stringify({ target, options, servers }));
	return names[0] ?? "";
}

for (const { title, socketLb, options } of ALL_PATHS) {
	describe(`session affinity, ${title}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create(options);
			service = await cluster.service("sticky", ["a", "b", "c"], { spec: SPEC });
		});
		after(() => cluster.close());

		const places = (): Record<string, Place> => ({
			pod: cluster.pod("x").place,
			node: cluster.lab.node(1).place,
			outside: cluster.lab.client,
		});

		for (const who of ["pod", "node", "outside"]) {
			for (const family of FAMILIES) {
				for (const protocol of PROTOCOLS) {
					it(`keeps a client with its endpoint: ${who}, ${family} ${protocol}`, async () => {
						const place = places()[who];
						assert.ok(place);
						const target = service.target(family, protocol);
						const first = await server(place, target);
						assert.equal(await server(place, target), first);
						if (protocol === "UDP") {
							assert.equal(await server(place, target, { unconnected: true }), first);
						}
					});
				}
			}
		}

		it("is listed with its client and endpoint, and forgotten on demand", async () => {
			const { place, address } = cluster.pod("x");
			const name = await server(place, service.target("v4", "TCP"));
			const [agent] = cluster.agents;
			assert.ok(agent);
			const list = (...argv: readonly string[]): AffinityView[] =>
				JSON.parse(agent.sluice(["affinity", "-o", "json", ...argv])) as AffinityView[];
			const tcp = list("sticky", "--address", cluster.pod(name).address.v4, "--protocol", "tcp");
			const mine = tcp.filter(({ client, netns }) =>
				socketLb === "on" ? netns !== "" : client === address.v4,
			);
			assert.ok(mine.length > 0, JSON.stringify(tcp));
			for (const { idle, expires } of mine) {
				assert.ok(idle < 600 && Math.abs(idle + expires - 600) < 0.2, `${idle} ${expires}`);
			}
			assert.match(
				agent.sluice(["affinity", "sticky"]),
				/^SERVICE +PORT +PROTOCOL +CLIENT +BACKEND/,
			);
			assert.throws(() => agent.sluice(["affinity", "--delete"]), /exit 2: .*add --all/);
			const all = list().length;
			const selected = ["--address", address.v4];
			const count = list(...selected).length;
			assert.equal(count > 0, socketLb === "off");
			assert.equal(
				agent.sluice(["affinity", "--delete", ...selected]),
				`${count} affinity entries deleted\n`,
			);
			assert.equal(list().length, all - count);
			agent.sluice(["affinity", "--delete", "--all"]);
			assert.equal(agent.sluice(["affinity"]), "No affinity found.\n");
		});

		it("lasts over a restart of the agent, and ends with the endpoint", async () => {
			const place = cluster.pod("x").place;
			const target = service.target("v4", "TCP");
			const first = await server(place, target);
			for (const agent of cluster.agents) {
				await agent.stop();
				await agent.start();
			}
			assert.equal(await server(place, target), first);
			const others = ["a", "b", "c"].filter((name) => name !== first);
			await cluster.endpoints(service, others);
			const second = await server(place, target);
			assert.ok(others.includes(second));
			await cluster.endpoints(service, ["a", "b", "c"]);
			assert.equal(await server(place, target), second);
		});
	});
}
