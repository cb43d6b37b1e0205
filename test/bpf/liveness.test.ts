import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason, FlowDirection, FlowFlag, FlowState } from "../../src/layout/structs.ts";
import { decode } from "../lib/packet-decode.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { ACTION } from "./lib/world.ts";

const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const SERVICE = 1;
const world = useWorld();

forBothFamilies("UDP, when its backend leaves", (family) => {
	const { vip, backends } = endpoints(family, "udp");
	const [backend = vip, other = vip] = backends;

	test("goes to another backend with the next packet", () => {
		const [first = 0, second = 0] = world().serve(vip, [backend, other]);
		const chosen = decode(world().run("tc_ingress", "client", toEndpoint(family, vip)).packet).dst;
		const stays = chosen === backend.address ? other : backend;
		world().removeBackend(chosen === backend.address ? first : second);
		world().replaceSet(SERVICE, [chosen === backend.address ? second : first]);
		const next = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assertPacket(next.packet, { dst: stays.address });
		assert.equal(world().flows().length, 2);
	});

	test("is answered port unreachable when it was the last one", () => {
		const [id = 0] = world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		world().removeBackend(id);
		world().replaceSet(SERVICE, []);
		const next = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assert.equal(next.action, ACTION.redirect);
		assertPacket(next.packet, { proto: "icmp", src: vip.address });
		assert.equal(world().flows().length, 0);
		assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 1);
	});

	for (const [program, device] of [
		["tc_ingress", "client"],
		["tc_egress", "uplink"],
		["tc_egress", "backend"],
	] as const) {
		test(`is left alone by packets to its address of other sockets: ${program} of ${device}`, () => {
			const [, second = 0] = world().serve(vip, [backend, other]);
			world().replaceSet(SERVICE, [second]);
			world().addTombstone(backend, SERVICE);
			const packet = toEndpoint(family, backend);
			const sent = world().run(program, device, packet);
			assert.equal(sent.action, ACTION.pass);
			assert.deepEqual(sent.packet, packet);
			assert.equal(world().flows().length, 0);
		});
	}

	test("for another service is not meant by the node's packets that were translated", () => {
		world().serve(vip, [backend]);
		world().addTombstone(backend, SERVICE);
		const sent = world().run("tc_egress", "uplink", toEndpoint(family, vip));
		assertPacket(sent.packet, { dst: backend.address });
		const passed = world().run("tc_egress", "backend", sent.packet);
		assert.deepEqual(passed.packet, sent.packet);
	});

	test("leaves a flow that only the socket may use that began it", () => {
		const [, second = 0] = world().serve(vip, [backend, other]);
		world().replaceSet(SERVICE, [second]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		world().addTombstone(backend, SERVICE);
		world().readdressFlow(world().flow(FLOW_FORWARD), backend, { socket: 0 });
		const packet = toEndpoint(family, backend);
		assert.deepEqual(world().run("tc_ingress", "client", packet).packet, packet);
	});
});

forBothFamilies("a TCP flow", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip, other = vip] = backends;
	const send = (flags: string): Uint8Array =>
		world().run("tc_ingress", "client", toEndpoint(family, vip, { flags })).packet;
	const receive = (flags: string): Uint8Array =>
		world().run("tc_egress", "client", fromEndpoint(family, backend, { flags })).packet;
	const state = (): number[] =>
		world()
			.flows()
			.map(({ value }) => value.state);

	test("keeps its backend after that left the service", () => {
		const [id = 0] = world().serve(vip, [backend]);
		send("S");
		receive("SA");
		world().removeBackend(id);
		world().replaceSet(SERVICE, []);
		assertPacket(send("A"), { dst: backend.address });
		assertPacket(receive("A"), { src: vip.address });
	});

	test("that was never answered takes another backend when its own left", () => {
		const [first = 0, second = 0] = world().serve(vip, [backend, other]);
		const chosen = decode(send("S")).dst;
		const stays = chosen === backend.address ? other : backend;
		world().removeBackend(chosen === backend.address ? first : second);
		world().replaceSet(SERVICE, [chosen === backend.address ? second : first]);
		assertPacket(send("S"), { dst: stays.address });
		assert.equal(world().control().half_open, 1n);
	});

	test("counts as half open until the client has seen an answer", () => {
		world().serve(vip, [backend]);
		send("S");
		send("S");
		assert.equal(world().control().half_open, 1n);
		assert.ok(world().flow(FLOW_FORWARD).value.flags & FlowFlag.FLOW_HALF_OPEN);
		receive("SA");
		receive("SA");
		send("S");
		assert.equal(world().control().half_open, 1n);
		send("A");
		send("A");
		assert.equal(world().control().half_open, 0n);
		assert.deepEqual(state(), [FlowState.FLOW_ESTABLISHED, FlowState.FLOW_ESTABLISHED]);
	});

	test("closes with both FINs and goes on being translated", () => {
		world().serve(vip, [backend]);
		send("S");
		receive("SA");
		send("A");
		assert.deepEqual(state(), [FlowState.FLOW_ESTABLISHED, FlowState.FLOW_ESTABLISHED]);
		send("FA");
		assert.deepEqual(state(), [FlowState.FLOW_CLOSING, FlowState.FLOW_CLOSING]);
		assertPacket(receive("FA"), { src: vip.address });
		assert.deepEqual(state(), [FlowState.FLOW_CLOSED, FlowState.FLOW_CLOSED]);
		assertPacket(send("A"), { dst: backend.address });
	});

	for (const [name, close] of [
		["closed by RST", "R"],
		["closing", "FA"],
	] as const) {
		test(`${name} begins anew with a SYN`, () => {
			const [id = 0, otherId = 0] = world().serve(vip, [backend, other]);
			world().replaceSet(SERVICE, [id]);
			send("S");
			receive("SA");
			send(close);
			world().replaceSet(SERVICE, [otherId]);
			assertPacket(send("S"), { dst: other.address });
			assert.equal(world().flow(FLOW_REPLY).value.state, FlowState.FLOW_SYN_SENT);
			assert.equal(world().stats(id).closed, 1n);
			assert.equal(world().stats(otherId).connections, 1n);
		});
	}

	test("that outlived its timeout begins anew, whoever should have removed it", () => {
		const [id = 0, otherId = 0] = world().serve(vip, [backend, other]);
		world().replaceSet(SERVICE, [id]);
		send("S");
		receive("SA");
		world().replaceSet(SERVICE, [otherId]);
		for (const entry of world().flows()) world().updateFlow(entry, { last_seen: 0n });
		assertPacket(send("S"), { dst: other.address });
		assert.equal(world().flows().length, 2);
	});

	test("of which only the client was silent for long goes on", () => {
		world().serve(vip, [backend]);
		send("S");
		receive("SA");
		world().updateFlow(world().flow(FLOW_FORWARD), { last_seen: 0n });
		const before = world().flow(FLOW_FORWARD).value.created;
		assertPacket(send("A"), { dst: backend.address });
		assert.equal(world().flow(FLOW_FORWARD).value.created, before);
	});
});
