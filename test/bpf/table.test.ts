import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FlowDirection, FlowState } from "../../src/layout/structs.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { runReaper } from "./lib/reaper.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";

const SMALL_TABLE = 64;

describe("the reaper", () => {
	const world = useWorld();
	forBothFamilies("removes", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;
		const open = (sports: readonly number[]): void => {
			for (const sport of sports) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			}
		};

		test("nothing of a flow that is alive", () => {
			world().serve(vip, [backend]);
			open([1]);
			assert.equal(runReaper(world(), world().flows(), "expired"), 0);
			assert.equal(world().flows().length, 2);
		});

		test("nothing of a flow of which one direction is alive", () => {
			world().serve(vip, [backend]);
			open([1]);
			world().updateFlow(world().flow(FlowDirection.FLOW_REPLY), { last_seen: 0n });
			assert.equal(runReaper(world(), world().flows(), "expired"), 0);
		});

		test("both entries of a flow that is past its timeout, named by either", () => {
			const [id = 0] = world().serve(vip, [backend]);
			for (const direction of [FlowDirection.FLOW_FORWARD, FlowDirection.FLOW_REPLY]) {
				open([1]);
				const named = world().flow(direction);
				for (const entry of world().flows()) world().updateFlow(entry, { last_seen: 0n });
				assert.equal(runReaper(world(), [named], "expired"), 2);
				assert.equal(world().flows().length, 0);
				assert.equal(world().control().half_open, 0n);
			}
			assert.equal(world().stats(id).closed, world().stats(id).connections);
		});

		test("whatever it is told to, when forced, and counts each flow once", () => {
			const [id = 0] = world().serve(vip, [backend]);
			const closedBefore = world().stats(id).closed;
			open(Array.from({ length: 40 }, (_, i) => i + 1));
			assert.equal(runReaper(world(), world().flows(), "forced"), 80);
			assert.equal(world().flows().length, 0);
			assert.equal(world().stats(id).closed - closedBefore, 40n);
		});
	});
});

describe("a full flow table", () => {
	const world = useWorld({ sizes: { flows: SMALL_TABLE, overflow: 1024 } });
	forBothFamilies("still", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;
		const fill = (): void => {
			world().serve(vip, [backend]);
			fillFrom();
		};
		const fillFrom = (): void => {
			for (let sport = 1; sport <= SMALL_TABLE; sport++) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			}
		};

		test("takes new flows, in overflow", () => {
			fill();
			assert.equal(world().control().overflow_in_use, 1);
			assert.ok(world().flows("overflow").length > 0);
			const sport = SMALL_TABLE;
			const again = toEndpoint(family, vip, { sport, flags: "A" });
			assertPacket(world().run("tc_ingress", "client", again).packet, { dst: backend.address });
			const answer = fromEndpoint(family, backend, { dport: sport });
			const back = world().run("tc_egress", "client", answer);
			assertPacket(back.packet, { src: vip.address, sport: 80, dport: sport });
		});

		test("counts none of them as open, since nobody tells when overflow forgets them", () => {
			const [id = 0] = world().serve(vip, [backend]);
			fillFrom();
			const { connections, closed } = world().stats(id);
			const forgotten = world()
				.flows("overflow")
				.filter(({ key }) => key.direction === FlowDirection.FLOW_FORWARD).length;
			assert.ok(forgotten > 0);
			assert.deepEqual([connections, closed], [BigInt(SMALL_TABLE), BigInt(forgotten)]);
		});

		test("moves established flows back when there is room", () => {
			fill();
			runReaper(world(), world().flows(), "forced");
			assert.equal(world().flows().length, 0);
			const sport = SMALL_TABLE;
			world().run("tc_egress", "client", fromEndpoint(family, backend, { dport: sport }));
			world().run("tc_ingress", "client", toEndpoint(family, vip, { sport, flags: "A" }));
			const moved = world().flows();
			assert.equal(moved.length, 2);
			assert.ok(moved.every(({ value }) => value.state === FlowState.FLOW_ESTABLISHED));
			const left = world()
				.flows("overflow")
				.filter(({ key }) => key.sport === sport);
			assert.equal(left.length, 0);
			const [{ value } = world().flow(FlowDirection.FLOW_FORWARD)] = moved;
			const { connections, closed } = world().stats(value.backend);
			assert.equal(connections - closed, 1n);
			assert.equal(runReaper(world(), moved, "forced"), 2);
			const after = world().stats(value.backend);
			assert.equal(after.connections, after.closed);
		});
	});
});

describe("a SYN flood", () => {
	const world = useWorld();
	forBothFamilies("above the cap of half-open flows", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;

		test("fills overflow and leaves the flow table to others", () => {
			world().serve(vip, [backend]);
			world().set({ half_open_max: 10 });
			for (let sport = 1; sport <= 50; sport++) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			}
			assert.equal(world().flows().length, 20);
			assert.equal(world().flows("overflow").length, 80);
		});

		test("stays half open when only the backend answers", () => {
			world().serve(vip, [backend]);
			world().set({ half_open_max: 10 });
			for (let port = 1; port <= 50; port++) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { sport: port }));
				world().run("tc_egress", "client", fromEndpoint(family, backend, { dport: port }));
			}
			assert.equal(world().flows().length, 20);
			assert.equal(world().control().half_open, 10n);
			const states = world()
				.flows()
				.map(({ value }) => value.state);
			assert.ok(states.every((state) => state === FlowState.FLOW_SYN_SENT));
		});

		test("leaves nothing counted when overflow has forgotten its flows", () => {
			world().serve(vip, [backend]);
			world().set({ half_open_max: 10 });
			for (let sport = 1; sport <= 50; sport++) {
				world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			}
			const { keys, count } = world().map("overflow").lookupBatch(undefined, 1024);
			world().map("overflow").deleteBatch(keys, count);
			runReaper(world(), world().flows(), "forced");
			assert.equal(world().control().half_open, 0n);
		});
	});
});
