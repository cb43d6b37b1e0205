import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import {
	DeviceKind,
	DropReason,
	type Flow,
	FlowDirection,
	FlowFlag,
	FlowHook,
	FlowState,
	FlowWay,
	FrontendFlag,
} from "../../src/layout/structs.ts";
import { lacking } from "../lib/features.ts";
import { decode } from "../lib/packet-decode.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import {
	CLIENT_PORT,
	endpoints,
	forBothFamilies,
	fromEndpoint,
	toEndpoint,
	useWorld,
} from "./lib/setup.ts";
import { CLIENT, ifindexOf, NODE4, NODE6, OUTSIDE, POD_MTU, REMOTE } from "./lib/topology.ts";
import { ACTION, type Endpoint, PORTS } from "./lib/world.ts";

const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const world = useWorld();

function assertInRange(port: number | undefined): void {
	assert.ok(port !== undefined && port >= PORTS.first && port <= PORTS.last, `port ${port}`);
}

for (const proto of ["tcp", "udp", "sctp"] as const) {
	forBothFamilies(`a pod that gets itself as ${proto} backend`, (family) => {
		const { vip } = endpoints(family, proto);
		const node = family.isV6 ? NODE6 : NODE4;
		const self: Endpoint = { address: CLIENT[family.at], port: 8080, proto };

		test("sees the node as its peer, and the service as the server", () => {
			world().serve(vip, [self]);
			const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
			assert.equal(sent.action, ACTION.redirect);
			assertPacket(sent.packet, { src: node, dst: self.address, dport: 8080 });
			const port = decode(sent.packet).sport ?? 0;
			assertInRange(port);

			const answer = fromEndpoint(family, self, { dst: node, dport: port });
			const back = world().run("tc_ingress", "client", answer);
			assert.equal(back.action, ACTION.redirect);
			assertPacket(back.packet, {
				src: vip.address,
				sport: 80,
				dst: self.address,
				dport: CLIENT_PORT,
			});
		});

		test("sees the node as its peer whatever policy the frontend has", () => {
			const { FRONTEND_LOCAL_SET: here, FRONTEND_MASQUERADE_OUTSIDE: outside } = FrontendFlag;
			for (const flags of [outside, here, here | outside, FrontendFlag.FRONTEND_MASQUERADE]) {
				world().reset();
				world().serve(vip, [self], { flags });
				const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
				assertPacket(sent.packet, { src: node, dst: self.address, dport: 8080 });
			}
		});

		test("keeps its port when that is in the range", () => {
			world().serve(vip, [self]);
			const sport = PORTS.first + 7;
			const sent = world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
			assertPacket(sent.packet, { sport });
		});

		test("is refused by name while the node has no address of the family", () => {
			world().serve(vip, [self]);
			world().set({ node4: new Uint8Array(16), node6: new Uint8Array(16) });
			const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
			assert.equal(sent.action, ACTION.drop);
			assert.equal(world().drops(DropReason.DROP_NO_MASQUERADE_ADDRESS), 1);
			assert.equal(world().flows().length, 0);
		});

		for (const count of [1, 100, 256]) {
			test(`is refused by name when every port is taken, and not before: ${count}`, () => {
				const last = PORTS.first + count - 1;
				world().serve(vip, [self]);
				world().set({ masquerade_port_first: PORTS.first, masquerade_port_last: last });
				const send = (sport: number) =>
					world().run("tc_ingress", "client", toEndpoint(family, vip, { sport }));
				const ports = new Set<number | undefined>();
				for (let i = 0; i < count; i++) ports.add(decode(send(1000 + i).packet).sport);
				assert.deepEqual(
					[ports.size, Math.min(...[...ports].map(Number)), Math.max(...[...ports].map(Number))],
					[count, PORTS.first, last],
				);
				assert.equal(send(999).action, ACTION.drop);
				assert.equal(world().drops(DropReason.DROP_NO_MASQUERADE_PORT), 1);
				assert.equal(world().flows().length, 2 * count);
			});
		}
	});
}

forBothFamilies("a client from outside", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [local = vip] = backends;
	const remote: Endpoint = { ...vip, address: REMOTE[family.at], port: 8080 };
	const request = (): Uint8Array => toEndpoint(family, vip, { src: OUTSIDE[family.at] });

	test("keeps its address towards a backend of this node", () => {
		world().serve(vip, [local]);
		const sent = world().run("tc_ingress", "uplink", request());
		assert.equal(sent.action, ACTION.pass);
		assertPacket(sent.packet, { src: OUTSIDE[family.at], sport: CLIENT_PORT, dst: local.address });
		const answer = fromEndpoint(family, local, { dst: OUTSIDE[family.at] });
		const received = world().run("tc_egress", "uplink", answer);
		assertPacket(received.packet, { src: vip.address, sport: 80 });
	});

	test("is masqueraded towards a backend of another node", () => {
		world().serve(vip, [remote], { local: false });
		const sent = world().run("tc_ingress", "uplink", request());
		assert.equal(sent.action, ACTION.redirect);
		assertPacket(sent.packet, { src: family.isV6 ? NODE6 : NODE4, dst: remote.address, ttl: 63 });
		const port = decode(sent.packet).sport ?? 0;
		assertInRange(port);
		const answer = fromEndpoint(family, remote, {
			dst: family.isV6 ? NODE6 : NODE4,
			dport: port,
		});
		const back = world().run("tc_ingress", "uplink", answer);
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, {
			src: vip.address,
			sport: 80,
			dst: OUTSIDE[family.at],
			dport: CLIENT_PORT,
		});
	});

	test("sees only frontends of the external view", () => {
		world().serve(vip, [local], { scopes: [0] });
		const sent = world().run("tc_ingress", "uplink", request());
		assert.deepEqual(sent.packet, request());
		assert.equal(world().flows().length, 0);
	});
});

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`a ${proto} reply to a port that a frontend of the node has too`, (family) => {
		const { vip, backends } = endpoints(family, proto);
		const [backend = vip, other = vip] = backends;
		const node = family.isV6 ? NODE6 : NODE4;

		test("goes to the client that was masqueraded with it", () => {
			world().serve(vip, [backend], { flags: FrontendFlag.FRONTEND_MASQUERADE });
			world().set({ masquerade_port_first: PORTS.first, masquerade_port_last: PORTS.first });
			world().serve({ ...vip, address: node, port: PORTS.first }, [other]);
			const request = toEndpoint(family, vip, { src: OUTSIDE[family.at] });
			world().run("tc_ingress", "uplink", request);
			const answer = fromEndpoint(family, backend, { dst: node, dport: PORTS.first });
			const back = world().run("tc_ingress", "backend", answer);
			assertPacket(back.packet, {
				...{ src: vip.address, sport: 80 },
				...{ dst: OUTSIDE[family.at], dport: CLIENT_PORT },
			});
			assert.equal(world().flows().length, 2);
		});

		test("goes to the node's own client that has it", () => {
			world().serve(vip, [backend]);
			world().serve({ ...vip, address: node, port: CLIENT_PORT }, [other]);
			world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
			const answer = fromEndpoint(family, backend, { dst: node });
			const back = world().run("tc_ingress", "backend", answer);
			assertPacket(back.packet, { src: vip.address, sport: 80, dst: node, dport: CLIENT_PORT });
			assert.equal(world().flows().length, 2);
		});
	});
}

forBothFamilies("one client port with two flows to one backend", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip, other = vip] = backends;
	const secondVip = { ...vip, port: 81 };

	test("over two services gets the second one another backend", () => {
		for (let round = 0; round < 8; round++) {
			world().reset();
			world().serve(vip, [backend]);
			world().serve(secondVip, [backend, other]);
			world().run("tc_ingress", "client", toEndpoint(family, vip));
			const second = world().run("tc_ingress", "client", toEndpoint(family, secondVip));
			const { dst, sport } = decode(second.packet);
			assert.ok(dst === other.address || (sport ?? 0) >= PORTS.first);
		}
	});

	test("over two services and with one backend gets the second one another port", () => {
		world().serve(vip, [backend]);
		world().serve(secondVip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		const second = world().run("tc_ingress", "client", toEndpoint(family, secondVip));
		assertPacket(second.packet, { src: CLIENT[family.at], dst: backend.address });
		const port = decode(second.packet).sport ?? 0;
		assertInRange(port);
		const first = world().run("tc_egress", "client", fromEndpoint(family, backend));
		assertPacket(first.packet, { sport: 80, dport: CLIENT_PORT });
		const back = world().run("tc_egress", "client", fromEndpoint(family, backend, { dport: port }));
		assertPacket(back.packet, { sport: 81, dport: CLIENT_PORT });
	});

	for (const [flags, isOver] of [
		["FA", false],
		["R", true],
	] as const) {
		test(`where the first has sent ${flags} ${isOver ? "leaves its port to" : "keeps it from"} the second`, () => {
			world().serve(vip, [backend]);
			world().serve(secondVip, [backend]);
			world().run("tc_ingress", "client", toEndpoint(family, vip));
			world().run("tc_egress", "client", fromEndpoint(family, backend));
			world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "A" }));
			world().run("tc_ingress", "client", toEndpoint(family, vip, { flags }));
			const second = world().run("tc_ingress", "client", toEndpoint(family, secondVip));
			assert.equal(decode(second.packet).sport === CLIENT_PORT, isOver);
			const late = world().run(
				"tc_egress",
				"client",
				fromEndpoint(family, backend, { flags: "A" }),
			);
			assertPacket(late.packet, { sport: isOver ? 81 : 80, dport: CLIENT_PORT });
		});
	}

	test("one of them direct gives the direct one a port of its own", () => {
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		const direct = world().run("tc_ingress", "client", toEndpoint(family, backend));
		assertPacket(direct.packet, { dst: backend.address, dport: 8080 });
		const port = decode(direct.packet).sport ?? 0;
		assertInRange(port);
		assert.equal(world().control().direct_in_use, 1);
		const next = world().run("tc_ingress", "client", toEndpoint(family, backend, { flags: "A" }));
		assertPacket(next.packet, { sport: port });
		const back = world().run("tc_egress", "client", fromEndpoint(family, backend, { dport: port }));
		assertPacket(back.packet, { src: backend.address, sport: 8080, dport: CLIENT_PORT });
		const service = world().run("tc_egress", "client", fromEndpoint(family, backend));
		assertPacket(service.packet, { src: vip.address, sport: 80, dport: CLIENT_PORT });
	});

	test("a direct one that is over is not gone on with by the next of the same port", () => {
		const syn = toEndpoint(family, backend);
		const directFlow = (): Flow | undefined =>
			world()
				.flows()
				.map(({ value }) => value)
				.find(({ service, flags }) => service === 0 && flags & FlowFlag.FLOW_DIRECT);
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		world().run("tc_ingress", "client", syn);
		world().run("tc_ingress", "client", toEndpoint(family, backend, { flags: "R" }));
		assert.equal(directFlow()?.state, FlowState.FLOW_CLOSED);
		world().run("tc_ingress", "client", syn);
		assert.equal(directFlow()?.state, FlowState.FLOW_SYN_SENT);
		world().run("tc_ingress", "client", toEndpoint(family, backend, { flags: "R" }));
		world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "R" }));
		assert.deepEqual(world().run("tc_ingress", "client", syn).packet, syn);
		assert.equal(world().flows().length, 0);
	});

	test("a direct one removes a service flow that is over", () => {
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "R" }));
		assert.equal(world().flow(FLOW_REPLY).value.state, FlowState.FLOW_CLOSED);
		const direct = toEndpoint(family, backend);
		assert.deepEqual(world().run("tc_ingress", "client", direct).packet, direct);
		assert.equal(world().flows().length, 0);
		const answer = fromEndpoint(family, backend);
		assert.deepEqual(world().run("tc_egress", "client", answer).packet, answer);
	});

	test("a direct connection without such a flow is left alone", () => {
		world().serve(vip, [backend]);
		const direct = toEndpoint(family, backend);
		assert.deepEqual(world().run("tc_ingress", "client", direct).packet, direct);
		assert.equal(world().flows().length, 0);
		assert.deepEqual(world().control().direct_seen, [0, 0]);
	});

	test("a direct connection of a pod is noted where the pod's sockets can be asked for", () => {
		world().serve(vip, [backend]);
		world().addDevice("client", DeviceKind.DEVICE_POD, { netns_id: 0 });
		world().run("tc_ingress", "client", toEndpoint(family, backend, { flags: "A" }));
		assert.deepEqual(world().control().direct_seen, [0, 0]);
		world().run("tc_ingress", "client", toEndpoint(family, backend));
		assert.deepEqual(world().control().direct_seen, [1, 0]);
	});
});

forBothFamilies("the node's own packets to a service", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;
	const node = family.isV6 ? NODE6 : NODE4;

	test("leave by the backend's device, and replies enter by the one they left by", () => {
		world().serve(vip, [backend]);
		const sent = world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		assert.equal(sent.action, ACTION.redirect);
		assertPacket(sent.packet, { src: node, sport: CLIENT_PORT, dst: backend.address, ttl: 64 });
		const forward = world().flow(FLOW_FORWARD).value;
		assert.deepEqual(
			[forward.way, forward.ifindex, forward.hook],
			[FlowWay.WAY_NEIGH, ifindexOf("backend"), FlowHook.HOOK_EGRESS],
		);
		const answer = fromEndpoint(family, backend, { dst: node });
		const back = world().run("tc_ingress", "backend", answer);
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, { src: vip.address, sport: 80, dst: node, ttl: 64 });
		assert.equal(world().flow(FLOW_REPLY).value.ifindex, ifindexOf("uplink"));
	});

	test("to a backend behind the same device get their replies as they come", () => {
		const remote: Endpoint = { ...vip, address: REMOTE[family.at], port: 8080 };
		world().serve(vip, [remote], { local: false });
		world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		const answer = fromEndpoint(family, remote, { dst: node });
		const back = world().run("tc_ingress", "uplink", answer);
		assert.equal(back.action, ACTION.pass);
		assertPacket(back.packet, { src: vip.address, dst: node });
	});

	test("keep a port apart that is also used to the backend itself", () => {
		world().serve(vip, [backend]);
		world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		const direct = toEndpoint(family, backend, { src: node });
		const sent = world().run("tc_egress", "backend", direct);
		assert.equal(sent.action, ACTION.pass);
		assertPacket(sent.packet, { src: node, dst: backend.address, dport: 8080 });
		const port = decode(sent.packet).sport ?? 0;
		assertInRange(port);
		const answer = fromEndpoint(family, backend, { dst: node, dport: port });
		const back = world().run("tc_ingress", "backend", answer);
		assert.equal(back.action, ACTION.pass);
		assertPacket(back.packet, { src: backend.address, sport: 8080, dport: CLIENT_PORT });
	});

	test("that the node only forwards are not its own", { skip: lacking("runFromDevice") }, () => {
		world().serve(vip, [backend]);
		const forwarded = toEndpoint(family, vip, { src: OUTSIDE[family.at] });
		const result = world().run("tc_egress", "uplink", forwarded, { from: "client" });
		assert.deepEqual(result.packet, forwarded);
		assert.equal(world().flows().length, 0);
	});

	test("to a backend that is the node itself are refused by name", () => {
		const host: Endpoint = { ...vip, address: node, port: 8080 };
		world().serve(vip, [host]);
		const sent = world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		assert.equal(sent.action, ACTION.drop);
		assert.equal(world().drops(DropReason.DROP_HOST_BACKEND), 1);
	});

	test("that are too big for an overlay device are answered by the service, not by the node", () => {
		const far: Endpoint = { ...vip, address: family.isV6 ? "fd03::40" : "10.3.0.40", port: 8080 };
		world().serve(vip, [far], { local: false });
		world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		const payload = new Uint8Array(1440);
		const big = toEndpoint(family, vip, { src: node, payload, flags: "A" });
		const answer = world().run("tc_egress", "uplink", big);
		assert.equal(answer.action, ACTION.redirect);
		assertPacket(answer.packet, {
			src: vip.address,
			dst: node,
			icmp: { type: family.isV6 ? 2 : 3, code: family.isV6 ? 0 : 4, info: POD_MTU },
		});
	});

	test("take the address of an overlay device that they leave by", () => {
		const far: Endpoint = { ...vip, address: family.isV6 ? "fd03::40" : "10.3.0.40", port: 8080 };
		world().serve(vip, [far], { local: false });
		const sent = world().run("tc_egress", "uplink", toEndpoint(family, vip, { src: node }));
		assert.equal(sent.action, ACTION.redirect);
		assertPacket(sent.packet, { src: family.isV6 ? "fd03::" : "10.3.0.0", dst: far.address });
		assert.ok(world().flow(FLOW_FORWARD).value.flags & FlowFlag.FLOW_MASQUERADED);
	});
});

/**
 * bpf_redirect_neigh() refuses packets without Ethernet header. A test-run takes every frame for one that
 * has it; the programs do not, when its first byte is that of an IPv4 header, and its source is in 8.0.0.0/16,
 * which is where the type is.
 */
test("a reply out of a device without Ethernet header gets one for its way to a client outside", (t) => {
	const family = { at: 0, isV6: false } as const;
	const { vip } = endpoints(family, "tcp");
	const far: Endpoint = { address: "8.0.3.40", port: 8080, proto: "tcp" };
	const route = ["8.0.3.0/24", "dev", "overlay"];
	execFileSync("ip", ["route", "add", ...route]);
	t.after(() => execFileSync("ip", ["route", "del", ...route]));
	world().serve(vip, [far], { local: false });
	const sent = world().run("tc_ingress", "uplink", toEndpoint(family, vip, { src: OUTSIDE[0] }));
	const { sport = 0, src } = decode(sent.packet);
	const answer = fromEndpoint(family, far, { dst: src, dport: sport }).slice(14);
	const back = world().run("tc_ingress", "overlay", answer);
	assert.equal(back.action, ACTION.redirect);
	assert.equal(back.packet.length, answer.length + 14);
	assertPacket(back.packet, { src: vip.address, sport: 80, dst: OUTSIDE[0], dport: CLIENT_PORT });
});
