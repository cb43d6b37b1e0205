/** UDP sockets that never pause, when their endpoint is taken out of the maps. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";

import { Cluster, type ClusterService, FAMILIES } from "../lib/net/cluster.ts";
import type { Place } from "../lib/net/place.ts";
import { Load } from "../lib/net/traffic.ts";
import { PATHS } from "./paths.ts";

/** What was sent before the map was written may still be on its way. */
const UNDER_WAY_MS = 50;
const WATCH_MS = 1000;
const INTERVAL_US = 2000;

/** Datagrams that have reached this namespace, of both families, whether or not somebody wanted them. */
function received(place: Place): number {
	const [names = [], values = []] = place
		.run(["cat", "/proc/net/snmp"])
		.split("\n")
		.filter((line) => line.startsWith("Udp:"))
		.map((line) => line.split(" "));
	const v4 = (name: string): number => Number(values[names.indexOf(name)]);
	const text = place.run(["cat", "/proc/net/snmp6"]);
	const v6 = (name: string): number =>
		Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1]);
	return v4("InDatagrams") + v4("NoPorts") + v6("Udp6InDatagrams") + v6("Udp6NoPorts");
}

for (const { title, options } of PATHS) {
	describe(`UDP, ${title}`, () => {
		let cluster: Cluster;
		let service: ClusterService;
		before(async () => {
			cluster = await Cluster.create({ ...options, pods: { a: 1, b: 1, x: 1 } });
			service = await cluster.service("web", ["a"]);
		});
		after(() => cluster.close());

		it("sends not one datagram to an endpoint behind the write that removes it", async (t) => {
			const places = [cluster.pod("x").place, cluster.lab.node(1).place, cluster.lab.client];
			const loads = await Promise.all(
				places.flatMap((place) =>
					FAMILIES.flatMap((family) =>
						[false, true].map((unconnected) =>
							Load.start(place, service.target(family, "UDP"), {
								unconnected,
								intervalUs: INTERVAL_US,
							}),
						),
					),
				),
			);
			await cluster.endpoints(service, ["b"]);
			await setTimeout(UNDER_WAY_MS);
			const [left, stays] = [cluster.pod("a").place, cluster.pod("b").place];
			const before = [received(left), received(stays)] as const;
			await setTimeout(WATCH_MS);
			const [toLeft, toStays] = [received(left) - before[0], received(stays) - before[1]];
			t.diagnostic(
				`measured: ${toStays} datagrams within ${WATCH_MS} ms, ${toLeft} to the removed`,
			);
			assert.equal(toLeft, 0);
			assert.ok(toStays > loads.length);
			for (const load of loads) {
				const { failed, errors } = await load.stop();
				assert.equal(failed, 0, JSON.stringify(errors));
			}
		});
	});
}
