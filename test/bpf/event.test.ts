import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAddon } from "../../src/dataplane/addon.ts";
import { DropReason, Event, EventKind } from "../../src/layout/structs.ts";
import { endpoints, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";
import { CLIENT, ifindexOf } from "./lib/topology.ts";
import { describeKey } from "./lib/world.ts";

const SERVICE = 1;
const LENGTH_SIZE = 4;
const world = useWorld();

/** The first record that is written while `act` runs. */
async function firstEvent(act: () => void): Promise<Event> {
	const { promise, resolve, reject } = Promise.withResolvers<Event>();
	const deadline = setTimeout(() => reject(new Error("no event came")), 5000);
	const { RingBuffer } = loadAddon();
	const ring = new RingBuffer(world().map("events"), (batch) => {
		const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
		resolve(Event.decode(view, LENGTH_SIZE));
	});
	try {
		act();
		return await promise;
	} finally {
		clearTimeout(deadline);
		ring.close();
	}
}

forBothFamilies("a refused packet", (family) => {
	const { vip } = endpoints(family, "tcp");

	test("is reported with its tuple, service, device and reason when the agent listens", async () => {
		world().serve(vip, []);
		const request = toEndpoint(family, vip);
		world().run("tc_ingress", "client", request);
		world().set({ events: 1 });
		const event = await firstEvent(() => {
			world().run("tc_ingress", "client", toEndpoint(family, vip, { sport: 5 }));
		});
		assert.equal(event.kind, EventKind.EVENT_DROP);
		assert.equal(event.reason, DropReason.DROP_NO_ENDPOINT);
		assert.equal(event.service, SERVICE);
		assert.equal(event.ifindex, ifindexOf("client"));
		assert.equal(describeKey(event.key), `${CLIENT[family.at]}:5 > ${vip.address}:80`);
	});
});
