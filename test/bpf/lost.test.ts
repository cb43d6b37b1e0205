import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, describe, test } from "node:test";
import {
	DropReason,
	FlowDirection,
	FlowMtu,
	FlowWay,
	Forwarding,
} from "../../src/layout/structs.ts";
import { icmpError, quoteOf } from "../lib/packet.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { runReaper } from "./lib/reaper.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import {
	CLIENT,
	type DeviceName,
	ifindexOf,
	MAC,
	mtuOf,
	NODE4,
	NODE6,
	OUTSIDE,
	OVERLAY,
	OVERLAY4,
	OVERLAY6,
	POD_MTU,
	UPLINK_MTU,
} from "./lib/topology.ts";
import { ACTION } from "./lib/world.ts";

const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const world = useWorld();

/** What puts routes back as they were. */
const undo: (() => void)[] = [];

const ipRoute = (...words: string[]): void => void execFileSync("ip", ["route", ...words]);

function addRoute(...route: string[]): void {
	ipRoute("add", ...route);
	undo.push(() => ipRoute("del", ...route));
}

/** Clients outside are no longer where they were: no route by the uplink leads to them. */
function moveOutside(router: string): void {
	const all = router.includes(":") ? "::/0" : "0.0.0.0/0";
	ipRoute("replace", all, "dev", "overlay");
	undo.push(() => {
		ipRoute("del", all);
		ipRoute("add", all, "via", router);
	});
}

function restoreRoutes(): void {
	for (const step of undo.splice(0).reverse()) step();
}

/** What the agent does when routes or devices have changed. */
const loseWays = (): void => {
	assert.equal(runReaper(world(), world().flows(), "lost"), 0);
};

const wayOf = (direction: number): { device: number; way: number; mtu: number } => {
	const { ifindex, way, mtu } = world().flow(direction).value;
	return { device: ifindex, way, mtu };
};

const neighbour = (device: DeviceName) => ({
	device: ifindexOf(device),
	way: FlowWay.WAY_NEIGH,
	mtu: mtuOf(device),
});

describe("when its way is to be found again", () => {
	afterEach(restoreRoutes);

	forBothFamilies("a masqueraded flow", (family) => {
		const { vip } = endpoints(family, "tcp");
		const far = { address: OVERLAY[family.at], port: 8080, proto: "tcp" } as const;
		const router = family.isV6 ? "fd00::fe" : "10.0.0.254";
		const own = family.isV6 ? OVERLAY6 : OVERLAY4;
		const from = { src: OUTSIDE[family.at] };
		const request = (flags: string) => toEndpoint(family, vip, { ...from, flags });
		const answer = (sport = world().flow(FLOW_FORWARD).value.sport) =>
			fromEndpoint(family, far, { dst: own, dport: sport });
		const begin = (): void => {
			world().serve(vip, [far], { local: false });
			const sent = world().run("tc_ingress", "uplink", request("S"));
			assertPacket(sent.packet, { src: own, dst: far.address });
			assert.deepEqual(wayOf(FLOW_FORWARD), neighbour("overlay"));
			assert.equal(world().run("tc_ingress", "overlay", answer()).action, ACTION.redirect);
		};

		test("goes by the route that is there now, from the address that it has", () => {
			begin();
			addRoute(far.address, "via", router);
			loseWays();
			const sent = world().run("tc_ingress", "uplink", request("A"));
			assert.equal(sent.action, ACTION.redirect);
			assertPacket(sent.packet, { src: own, dst: far.address, ttl: 63 });
			assert.deepEqual(wayOf(FLOW_FORWARD), neighbour("uplink"));
		});

		test("has replies that stay with the device of its requests while that leads to the client", () => {
			begin();
			if (!family.isV6) addRoute(OUTSIDE[family.at], "dev", "overlay");
			loseWays();
			assertPacket(world().run("tc_ingress", "overlay", answer()).packet, { src: vip.address });
			assert.deepEqual(wayOf(FLOW_REPLY), neighbour("uplink"));
		});

		test("has replies that follow the route to the client when it does not", () => {
			begin();
			assert.deepEqual(wayOf(FLOW_REPLY), neighbour("uplink"));
			moveOutside(router);
			loseWays();
			const back = world().run("tc_ingress", "overlay", answer());
			assert.equal(back.action, ACTION.redirect);
			assertPacket(back.packet, { src: vip.address, dst: OUTSIDE[family.at] });
			assert.deepEqual(wayOf(FLOW_REPLY), neighbour("overlay"));
		});

		test("is dropped while there is no route, and goes on when there is one", () => {
			begin();
			addRoute("blackhole", far.address);
			loseWays();
			assert.equal(world().run("tc_ingress", "uplink", request("A")).action, ACTION.drop);
			assert.equal(world().drops(DropReason.DROP_FIB), 1);
			restoreRoutes();
			const sent = world().run("tc_ingress", "uplink", request("A"));
			assert.equal(sent.action, ACTION.redirect);
			assert.deepEqual(wayOf(FLOW_FORWARD), neighbour("overlay"));
		});

		test("is told the new way's MTU", () => {
			begin();
			addRoute(far.address, "via", router);
			const size = POD_MTU + 1 - (family.isV6 ? 60 : 40);
			const big = toEndpoint(family, vip, {
				...from,
				flags: "A",
				payload: new Uint8Array(size),
			});
			const refused = world().run("tc_ingress", "uplink", big);
			assertPacket(refused.packet, {
				icmp: { type: family.isV6 ? 2 : 3, code: family.isV6 ? 0 : 4, info: POD_MTU },
			});
			loseWays();
			const sent = world().run("tc_ingress", "uplink", big);
			assertPacket(sent.packet, { dst: far.address });
			assert.equal(world().flow(FLOW_FORWARD).value.mtu, UPLINK_MTU);
		});

		test("has ICMP errors that go the new way too", () => {
			begin();
			const sent = world().run("tc_ingress", "uplink", request("A")).packet;
			moveOutside(router);
			loseWays();
			const icmp = family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 };
			const error = icmpError({ src: far.address, dst: own, ...icmp, quote: quoteOf(sent) });
			const back = world().run("tc_ingress", "overlay", error);
			assert.equal(back.action, ACTION.redirect);
			assertPacket(back.packet, { src: vip.address, dst: OUTSIDE[family.at], icmp });
			assert.deepEqual(wayOf(FLOW_REPLY), neighbour("overlay"));
		});
	});

	forBothFamilies("a flow into a pod", (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;

		test("goes right into it again, both ways", () => {
			world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });
			world().serve(vip, [backend]);
			world().run("tc_ingress", "client", toEndpoint(family, vip));
			const ways = () => [wayOf(FLOW_FORWARD), wayOf(FLOW_REPLY)];
			const before = ways();
			assert.ok(before.every(({ way }) => way === FlowWay.WAY_PEER));
			loseWays();
			assert.ok(ways().every(({ mtu }) => mtu === FlowMtu.FLOW_MTU_LOST));
			const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
			assertPacket(sent.packet, { dmac: MAC.backend, dst: backend.address });
			const back = world().run("tc_ingress", "backend", fromEndpoint(family, backend));
			assertPacket(back.packet, { dmac: MAC.client, src: vip.address });
			assert.deepEqual(ways(), before);
		});

		test("that the stack routes stays with the stack", () => {
			world().serve(vip, [backend]);
			world().run("tc_ingress", "client", toEndpoint(family, vip));
			const before = world().flows();
			loseWays();
			assert.deepEqual(world().flows(), before);
		});
	});

	forBothFamilies("a reply to the node itself", (family) => {
		const { vip } = endpoints(family, "tcp");
		const far = { address: OVERLAY[family.at], port: 8080, proto: "tcp" } as const;
		const node = family.isV6 ? NODE6 : NODE4;
		const own = family.isV6 ? OVERLAY6 : OVERLAY4;

		test("enters by the device that the frontend's route names now", () => {
			world().serve(vip, [far], { local: false });
			const sent = world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
			assertPacket(sent.packet, { src: own, dst: far.address });
			assert.equal(wayOf(FLOW_REPLY).device, ifindexOf("uplink"));
			const { sport } = world().flow(FLOW_FORWARD).value;
			moveOutside(family.isV6 ? "fd00::fe" : "10.0.0.254");
			loseWays();
			const answer = fromEndpoint(family, far, { dst: own, dport: sport });
			const back = world().run("tc_ingress", "uplink", answer);
			assert.equal(back.action, ACTION.redirect);
			assertPacket(back.packet, { src: vip.address, dst: node });
			const { device, way } = wayOf(FLOW_REPLY);
			assert.deepEqual([device, way], [ifindexOf("overlay"), FlowWay.WAY_INGRESS]);
		});

		test("that has the frontend's own address goes on by loopback", () => {
			const local = { ...vip, address: node };
			const backend = { ...far, address: CLIENT[family.at] };
			world().serve(local, [backend]);
			world().run("tc_egress", "lo", toEndpoint(family, local, { src: node }));
			const before = world().flow(FLOW_REPLY).value;
			loseWays();
			assert.deepEqual(world().flow(FLOW_REPLY).value, before);
		});
	});
});
