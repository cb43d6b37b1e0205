/** Frontends at the node's own addresses, where nf_conntrack may have connections of its own. */
import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrontendFlag } from "../../src/layout/structs.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { OUTSIDE } from "./lib/topology.ts";
import { ACTION } from "./lib/world.ts";

const world = useWorld();
const flags = FrontendFlag.FRONTEND_NODE_PORT;

forBothFamilies("TCP at a node port", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;
	const src = OUTSIDE[family.at];
	const send = (tcpFlags: string) =>
		world().run("tc_ingress", "uplink", toEndpoint(family, vip, { src, flags: tcpFlags }));

	test("is left alone without a flow, whatever it is but a SYN", () => {
		for (const served of [[backend], []]) {
			world().reset();
			world().serve(vip, served, { flags });
			for (const tcpFlags of ["SA", "A", "PA", "FA", "R", "RA", ""]) {
				const packet = toEndpoint(family, vip, { src, flags: tcpFlags });
				const { action, packet: left } = world().run("tc_ingress", "uplink", packet);
				assert.equal(action, ACTION.pass, tcpFlags);
				assert.deepEqual(left, packet, tcpFlags);
			}
		}
	});

	test("is the Service's from a SYN on", () => {
		world().serve(vip, [backend], { flags });
		assertPacket(send("S").packet, { dst: backend.address, dport: backend.port });
		assertPacket(send("A").packet, { dst: backend.address, dport: backend.port });
		const answer = fromEndpoint(family, backend, { dst: src });
		assertPacket(world().run("tc_egress", "uplink", answer).packet, { src: vip.address });
	});
});
