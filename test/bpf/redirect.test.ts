import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	DeviceFlag,
	DeviceKind,
	DropReason,
	FlowDirection,
	FlowHook,
	FlowWay,
	Forwarding,
} from "../../src/layout/structs.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import {
	CLIENT_PORT,
	endpoints,
	type Family,
	forBothFamilies,
	fromEndpoint,
	toEndpoint,
	useWorld,
} from "./lib/setup.ts";
import {
	BRIDGED,
	BRIDGED_CLIENT,
	BRIDGED_SILENT,
	CLIENT,
	ifindexOf,
	MAC,
	macOf,
	NODE4,
	NODE6,
	POD_MTU,
} from "./lib/topology.ts";
import { ACTION } from "./lib/world.ts";

const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const world = useWorld();
const useRedirect = (): void => world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });

forBothFamilies("a redirected flow", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	test("goes into the backend's pod and back into the client's", () => {
		useRedirect();
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assert.equal(sent.action, ACTION.redirect);
		assertPacket(sent.packet, {
			dst: backend.address,
			dport: 8080,
			ttl: 63,
			dmac: MAC.backend,
			smac: macOf("backend"),
		});
		const forward = world().flow(FLOW_FORWARD).value;
		assert.deepEqual([forward.way, forward.ifindex], [FlowWay.WAY_PEER, ifindexOf("backend")]);

		const back = world().run("tc_ingress", "backend", fromEndpoint(family, backend));
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, {
			src: vip.address,
			sport: 80,
			dport: CLIENT_PORT,
			ttl: 63,
			dmac: "02:00:00:00:00:01",
			smac: macOf("client"),
		});
		const reply = world().flow(FLOW_REPLY).value;
		assert.deepEqual(
			[reply.way, reply.hook, reply.ifindex],
			[FlowWay.WAY_PEER, FlowHook.HOOK_INGRESS, ifindexOf("client")],
		);
	});

	test("stays with the stack in mode auto when a device has a foreign hook", () => {
		world().set({ forwarding: Forwarding.FORWARDING_AUTO });
		world().addDevice("backend", DeviceKind.DEVICE_POD, { flags: DeviceFlag.DEVICE_PEER });
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assert.equal(sent.action, ACTION.pass);
		assertPacket(sent.packet, { dst: backend.address, ttl: 64 });
	});

	test("takes the neighbour way when the pod's device allows no peer redirect", () => {
		useRedirect();
		for (const name of ["client", "backend"] as const) {
			world().addDevice(name, DeviceKind.DEVICE_POD);
		}
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
		assert.equal(sent.action, ACTION.redirect);
		assert.equal(world().flow(FLOW_FORWARD).value.way, FlowWay.WAY_NEIGH);
		assert.equal(world().flow(FLOW_REPLY).value.way, FlowWay.WAY_NEIGH);
	});

	test("answers time exceeded to a packet whose TTL ends here", () => {
		useRedirect();
		world().serve(vip, [backend]);
		const result = world().run("tc_ingress", "client", toEndpoint(family, vip, { ttl: 1 }));
		assert.equal(result.action, ACTION.redirect);
		assertPacket(result.packet, {
			src: family.isV6 ? NODE6 : NODE4,
			dst: CLIENT[family.at],
			icmp: { type: family.isV6 ? 3 : 11, code: 0, info: 0 },
			quote: { dst: vip.address, dport: 80 },
		});
		assert.equal(world().drops(DropReason.DROP_TTL), 1);
	});

	test("answers with the MTU to a packet that is too big for the way", () => {
		useRedirect();
		world().serve(vip, [backend]);
		const fits = POD_MTU - (family.isV6 ? 60 : 40);
		const ok = toEndpoint(family, vip, { payload: new Uint8Array(fits) });
		assertPacket(world().run("tc_ingress", "client", ok).packet, { dst: backend.address });
		const big = toEndpoint(family, vip, { payload: new Uint8Array(fits + 1), flags: "A" });
		assertTooBig(family, world().run("tc_ingress", "client", big).packet);
		assert.equal(world().drops(DropReason.DROP_TOO_BIG), 1);
	});

	test("leaves it to the stack to cut a packet without DF, which IPv6 does not have", () => {
		useRedirect();
		for (const name of ["client", "backend"] as const) {
			world().addDevice(name, DeviceKind.DEVICE_POD);
		}
		world().serve(vip, [backend]);
		const payload = new Uint8Array(POD_MTU);
		const options = { payload, flags: "A", mayFragment: true };
		const big = world().run("tc_ingress", "client", toEndpoint(family, vip, options));
		if (family.isV6) return assertTooBig(family, big.packet);
		assert.equal(big.action, ACTION.pass);
		assertPacket(big.packet, { dst: backend.address, dport: 8080, ttl: 64 });
		assert.equal(world().drops(DropReason.DROP_TOO_BIG), 0);
	});

	test("answers with the MTU to a fragment that is too big, since the others do not go by the stack", () => {
		useRedirect();
		for (const name of ["client", "backend"] as const) {
			world().addDevice(name, DeviceKind.DEVICE_POD);
		}
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		const fragment = { id: 7, from: 0, to: POD_MTU };
		const options = { payload: new Uint8Array(2 * POD_MTU), flags: "A", fragment };
		const big = world().run("tc_ingress", "client", toEndpoint(family, vip, options));
		assertTooBig(family, big.packet);
	});

	test("judges a GSO packet by its segments", () => {
		useRedirect();
		world().serve(vip, [backend]);
		const fits = POD_MTU - (family.isV6 ? 60 : 40);
		const big = toEndpoint(family, vip, { payload: new Uint8Array(2 * fits), flags: "A" });
		const sent = world().run("tc_ingress", "client", big, { gsoSize: fits });
		assertPacket(sent.packet, { dst: backend.address });
		const refused = world().run("tc_ingress", "client", big, { gsoSize: fits + 1 });
		assertTooBig(family, refused.packet);
	});
});

function assertTooBig(family: Family, frame: Uint8Array): void {
	assertPacket(frame, {
		dst: CLIENT[family.at],
		icmp: { type: family.isV6 ? 2 : 3, code: family.isV6 ? 0 : 4, info: POD_MTU },
	});
}

forBothFamilies("a flow inside of one bridge", (family) => {
	const { vip } = endpoints(family, "tcp");
	const from = { src: BRIDGED_CLIENT[family.at] };

	for (const forwarding of [Forwarding.FORWARDING_STACK, Forwarding.FORWARDING_REDIRECT]) {
		test(`stays in the bridge with the backend's MAC, forwarding mode ${forwarding}`, () => {
			world().set({ forwarding });
			const backend = { ...vip, address: BRIDGED[family.at], port: 8080 };
			world().serve(vip, [backend]);
			const sent = world().run("tc_ingress", "port", toEndpoint(family, vip, from));
			assert.equal(sent.action, ACTION.pass);
			assertPacket(sent.packet, {
				dst: backend.address,
				dmac: MAC.bridged,
				smac: "02:00:00:00:00:01",
				ttl: 64,
			});
			const answer = fromEndpoint(family, backend, { dst: BRIDGED_CLIENT[family.at] });
			const received = world().run("tc_egress", "port", answer);
			assert.equal(received.action, ACTION.pass);
			assertPacket(received.packet, { src: vip.address, ttl: 64 });
		});
	}

	test("begins through the stack while the backend's MAC is not known", () => {
		const backend = { ...vip, address: BRIDGED_SILENT[family.at], port: 8080 };
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "port", toEndpoint(family, vip, from));
		assert.equal(sent.action, ACTION.pass);
		assertPacket(sent.packet, { dst: backend.address, dmac: "02:00:00:00:00:02" });
		assert.equal(world().flow(FLOW_FORWARD).value.way, FlowWay.WAY_BRIDGE);
	});
});
