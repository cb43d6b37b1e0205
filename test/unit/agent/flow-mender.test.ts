import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FlowMender } from "../../../src/agent/flow-mender.ts";
import type { Link, NetlinkEvent, Route } from "../../../src/dataplane/addon.ts";
import { Flow, FlowDirection, FlowKey, FlowWay, Scope } from "../../../src/layout/structs.ts";
import { addressToBytes } from "../../../src/model/address-bytes.ts";
import { frontendValue } from "../../../src/plan/frontend-value.ts";
import { Movers } from "../../../src/plan/movers.ts";
import { packTuple, type TupleKey } from "../../../src/plan/tuple.ts";

const TCP = 6;
const UDP = 17;

interface Entry {
	readonly way?: FlowWay;
	readonly ifindex?: number;
	/** Where the translated packet comes from and goes. */
	readonly src?: string;
	readonly dst?: string;
	/** The frontend. */
	readonly vip?: string;
	readonly proto?: number;
	readonly service?: number;
	readonly direction?: FlowDirection;
}

/** Which of the entries are told to be what, in a pass that begins now; undefined: nothing was to do. */
function passOf(entries: readonly Entry[], { frontends = new Map<TupleKey, number>() } = {}) {
	const movers = new Movers(frontends);
	const reaped: [string, number[]][] = [];
	const mender = new FlowMender({
		movers,
		reap: (keys, count, aim) => {
			const named = Array.from(
				{ length: count },
				(_, i) => FlowKey.decode(new DataView(keys.buffer), i * FlowKey.SIZE).sport,
			);
			reaped.push([aim, named]);
		},
	});
	const keys = new Uint8Array(entries.length * FlowKey.SIZE);
	const values = new Uint8Array(entries.length * Flow.SIZE);
	for (const [i, entry] of entries.entries()) {
		const key = {
			src: addressToBytes("10.1.0.9"),
			dst: addressToBytes(entry.vip ?? "10.96.0.1"),
			...{ sport: i, dport: 53, proto: entry.proto ?? TCP },
			direction: entry.direction ?? FlowDirection.FLOW_FORWARD,
		};
		FlowKey.encode(key, new DataView(keys.buffer), i * FlowKey.SIZE);
		values.set(addressToBytes(entry.src ?? "10.1.0.9"), i * Flow.SIZE + Flow.OFFSET.src);
		values.set(addressToBytes(entry.dst ?? "10.2.0.7"), i * Flow.SIZE + Flow.OFFSET.dst);
		const view = new DataView(values.buffer, i * Flow.SIZE);
		view.setUint8(Flow.OFFSET.way, entry.way ?? FlowWay.WAY_NEIGH);
		view.setUint32(Flow.OFFSET.ifindex, entry.ifindex ?? 2, true);
		view.setUint32(Flow.OFFSET.service, entry.service ?? 1, true);
	}
	const pass = () => {
		reaped.length = 0;
		mender.begin()?.see(keys, values, entries.length);
		return Object.fromEntries(reaped);
	};
	return { mender, movers, frontends, pass };
}

const link = (ifindex: number): NetlinkEvent => ({
	kind: "link",
	removed: false,
	link: { ifindex } as Link,
});
const route = (destination: string, prefixLength: number): NetlinkEvent => ({
	kind: "route",
	removed: true,
	route: { destination, prefixLength } as Route,
});

describe("flows of a node whose network changed", () => {
	test("are all looked at once when the agent starts", () => {
		const { mender, pass } = passOf([{}, { way: FlowWay.WAY_PEER }]);
		assert.ok(mender.pending);
		assert.deepEqual(pass(), { lost: [0, 1] });
		assert.ok(!mender.pending);
		assert.deepEqual(pass(), {});
	});

	test("are left alone where the stack or a bridge routes them", () => {
		const { pass } = passOf([{ way: FlowWay.WAY_STACK }, { way: FlowWay.WAY_BRIDGE }]);
		assert.deepEqual(pass(), {});
	});

	test("find their way again when their device changed, others do not", () => {
		const { mender, pass } = passOf([{ ifindex: 2 }, { ifindex: 3 }]);
		pass();
		mender.hear([link(3)]);
		assert.deepEqual(pass(), { lost: [1] });
	});

	for (const [destination, length, expected] of [
		["10.2.0.0", 16, [0]],
		["10.2.0.8", 29, []],
		["10.2.0.6", 31, [0]],
		["10.0.0.0", 8, [0, 2]],
		["0.0.0.0", 0, [0, 2]],
		["fd02::", 16, [1]],
		["::", 0, [0, 1, 2]],
	] as const) {
		test(`find it again when a route to their address changed: ${destination}/${length}`, () => {
			const { mender, pass } = passOf([
				{ dst: "10.2.0.7" },
				{ dst: "fd02::7", src: "fd01::9" },
				{ way: FlowWay.WAY_INGRESS, src: "10.96.0.1", dst: "192.0.2.1" },
			]);
			pass();
			mender.hear([route(destination, length)]);
			assert.deepEqual(pass(), expected.length > 0 ? { lost: expected } : {});
		});
	}

	test("all do when events were lost, or when more routes changed than are told apart", () => {
		const { mender, pass } = passOf([{}, {}]);
		pass();
		mender.hear([{ kind: "overrun" }]);
		assert.deepEqual(pass(), { lost: [0, 1] });
		mender.hear(Array.from({ length: 65 }, (_, i) => route(`10.9.${i}.0`, 24)));
		assert.deepEqual(pass(), { lost: [0, 1] });
	});
});

describe("UDP flows of a frontend that came to a service port", () => {
	const INTERNAL = Scope.SCOPE_INTERNAL;
	const EXTERNAL = Scope.SCOPE_EXTERNAL;
	const frontend = (address: string, scope: Scope = INTERNAL, proto = UDP): TupleKey =>
		packTuple({ addr: addressToBytes(address), port: 53, proto, scope });
	const give = (world: ReturnType<typeof passOf>, key: TupleKey, service: number): void => {
		world.movers.note(key, service);
		world.frontends.set(key, frontendValue(service, 0));
	};

	test("are forgotten where they are another's, and only those", () => {
		const world = passOf([
			{ proto: UDP, service: 1, way: FlowWay.WAY_STACK },
			{ proto: UDP, service: 2, way: FlowWay.WAY_STACK },
			{ proto: UDP, service: 1, way: FlowWay.WAY_STACK, direction: FlowDirection.FLOW_REPLY },
			{ proto: UDP, service: 1, way: FlowWay.WAY_STACK, vip: "10.96.0.2" },
			{ proto: TCP, service: 1, way: FlowWay.WAY_STACK },
		]);
		world.pass();
		give(world, frontend("10.96.0.1"), 2);
		give(world, frontend("10.96.0.1", INTERNAL, TCP), 2);
		assert.ok(world.mender.pending);
		assert.deepEqual(world.pass(), { forced: [0] });
		assert.ok(!world.mender.pending);
	});

	test("stay where one of its views is still theirs", () => {
		const world = passOf([
			{ proto: UDP, service: 1, way: FlowWay.WAY_STACK },
			{ proto: UDP, service: 3, way: FlowWay.WAY_STACK },
		]);
		world.pass();
		give(world, frontend("10.96.0.1", EXTERNAL), 1);
		give(world, frontend("10.96.0.1", INTERNAL), 2);
		assert.deepEqual(world.pass(), { forced: [1] });
	});

	test("are not looked for when a frontend only changes its flags", () => {
		const world = passOf([{ proto: UDP, service: 3, way: FlowWay.WAY_STACK }]);
		world.pass();
		give(world, frontend("10.96.0.1"), 2);
		world.pass();
		give(world, frontend("10.96.0.1"), 2);
		assert.ok(!world.mender.pending);
	});
});
