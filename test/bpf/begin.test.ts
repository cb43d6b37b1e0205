import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";
import { ACTION, describeKey } from "./lib/world.ts";

describe("the first packet of a connection", () => {
	const world = useWorld();
	forBothFamilies("while there is a flow of its tuple", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const syn = toEndpoint(family, vip, { flags: "S" });
		const keys = () =>
			world()
				.flows()
				.map(({ key }) => describeKey(key))
				.sort();

		test("goes on with the flow, and leaves no entry of another pick", () => {
			world().serve(vip, backends);
			world().run("tc_ingress", "client", syn);
			const before = keys();
			for (let i = 0; i < 10; i++) world().run("tc_ingress", "client", syn);
			assert.deepEqual(keys(), before);
			assert.equal(world().control().half_open, 1n);
		});

		test("leaves an ended flow that acts at the other hook alone", () => {
			const [backend = vip] = backends;
			world().serve(vip, [backend]);
			world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "R" }));
			const before = keys();
			const { action, packet } = world().run("tc_egress", "lo", syn);
			assert.equal(action, ACTION.pass);
			assertPacket(packet, { dst: vip.address, dport: vip.port });
			assert.deepEqual(keys(), before);
		});
	});
});
