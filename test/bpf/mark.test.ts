import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { FrontendFlag } from "../../src/layout/structs.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { OUTSIDE } from "./lib/topology.ts";
import { ACTION } from "./lib/world.ts";

const world = useWorld();
/** That of kube-proxy among the bits. */
const MARK = 0x1234_5678;

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`the mark of a ${proto} packet`, (family) => {
		const { vip, backends } = endpoints(family, proto);
		const [backend = vip] = backends;

		test("is as it came when the packet was translated, both ways", () => {
			for (const mark of [0, MARK]) {
				world().reset();
				world().serve(vip, [backend]);
				const sent = world().run("tc_ingress", "client", toEndpoint(family, vip), { mark });
				assertPacket(sent.packet, { dst: backend.address });
				assert.equal(sent.mark, mark);
				const answer = fromEndpoint(family, backend);
				const back = world().run("tc_egress", "client", answer, { mark });
				assertPacket(back.packet, { src: vip.address });
				assert.equal(back.mark, mark);
			}
		});

		test("is as it came when the packet was masqueraded", () => {
			for (const mark of [0, MARK]) {
				world().reset();
				world().serve(vip, [backend], { flags: FrontendFlag.FRONTEND_MASQUERADE });
				const request = toEndpoint(family, vip, { src: OUTSIDE[family.at] });
				const sent = world().run("tc_ingress", "uplink", request, { mark });
				assert.equal(sent.action, ACTION.redirect);
				assertPacket(sent.packet, { dst: backend.address });
				assert.equal(sent.mark, mark);
			}
		});

		test("makes no difference to a packet that is nobody's", () => {
			const packet = toEndpoint(family, backend);
			const passed = world().run("tc_ingress", "client", packet, { mark: MARK });
			assert.equal(passed.action, ACTION.pass);
			assert.deepEqual([passed.packet, passed.mark], [packet, MARK]);
		});
	});
}
