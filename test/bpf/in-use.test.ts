import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inUseIndex } from "../../src/agent/expiry.ts";
import { Control, FlowDirection, FlowHook, Forwarding, InUse } from "../../src/layout/structs.ts";
import { lacking } from "../lib/features.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";

/** Packets that the node forwards. */
const RUN_FROM_DEVICE = { skip: lacking("runFromDevice") };
const { IN_USE, IN_USE_CHECKED, IN_USE_NOT } = InUse;

/** Words by direction, and in each by hook. */
const NOWHERE = [IN_USE_NOT, IN_USE_NOT, IN_USE_NOT, IN_USE_NOT];
const THROUGH_STACK = [IN_USE, IN_USE_NOT, IN_USE_NOT, IN_USE];
const REDIRECTED = [IN_USE, IN_USE_NOT, IN_USE, IN_USE_NOT];

describe("the words that say where flows act", () => {
	const world = useWorld();
	forBothFamilies("after a flow's first packet", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;
		const begin = () => {
			world().serve(vip, [backend]);
			return world().run("tc_ingress", "client", toEndpoint(family, vip));
		};
		const say = (words: number) => {
			new DataView(world().map("control").memory()).setUint32(
				Control.OFFSET.flows_in_use +
					4 * inUseIndex(FlowDirection.FLOW_REPLY, FlowHook.HOOK_EGRESS),
				words,
				true,
			);
		};

		test("they name ingress for requests and egress for replies when the flow goes through the stack", () => {
			assert.deepEqual(world().control().flows_in_use, NOWHERE);
			begin();
			assert.deepEqual(world().control().flows_in_use, THROUGH_STACK);
		});

		test("they name ingress for both when the flow is redirected", () => {
			world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });
			begin();
			assert.deepEqual(world().control().flows_in_use, REDIRECTED);
		});

		test("they say so again when the agent was just looking for flows", () => {
			begin();
			say(IN_USE_CHECKED);
			world().run("tc_ingress", "client", toEndpoint(family, vip, { sport: 7 }));
			assert.deepEqual(world().control().flows_in_use, THROUGH_STACK);
		});

		test("a reply is translated while the agent looks for flows", RUN_FROM_DEVICE, () => {
			begin();
			say(IN_USE_CHECKED);
			const reply = fromEndpoint(family, backend);
			const { packet } = world().run("tc_egress", "client", reply, { from: "backend" });
			assertPacket(packet, { src: vip.address, sport: vip.port });
		});

		const moved = "a reply finds a flow that was moved from overflow when its client answered";
		test(moved, RUN_FROM_DEVICE, () => {
			world().set({ half_open_max: 1 });
			begin();
			const other = { sport: 7 };
			world().run("tc_ingress", "client", toEndpoint(family, vip, other));
			assert.equal(world().flows("overflow").length, 2);
			world().run("tc_egress", "client", fromEndpoint(family, backend, { dport: 7 }), {
				from: "backend",
			});
			new Uint8Array(world().map("control").memory()).fill(0, 0, Control.OFFSET.direct_in_use);
			new DataView(world().map("control").memory()).setUint32(
				Control.OFFSET.overflow_in_use,
				IN_USE,
				true,
			);
			for (const flags of ["A", "A"]) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { ...other, flags }));
			}
			assert.equal(world().flows().length, 4);
			assert.deepEqual(world().control().flows_in_use, THROUGH_STACK);
		});
	});
});
