/** What befalls a Service is for new connections: those that are there go on. */
import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason, FrontendFlag, Scope } from "../../src/layout/structs.ts";
import { decode } from "../lib/packet-decode.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { NODE4, NODE6, OUTSIDE } from "./lib/topology.ts";
import { ACTION, type Endpoint } from "./lib/world.ts";

const SERVICE = 1;
const { FRONTEND_LOCAL_SET, FRONTEND_MASQUERADE } = FrontendFlag;
const scopes = [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL];
const world = useWorld();

forBothFamilies("an established TCP connection", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip, other = vip] = backends;
	const send = (flags = "A", to = vip) =>
		world().run("tc_ingress", "client", toEndpoint(family, to, { flags }));
	const receive = () =>
		world().run("tc_egress", "client", fromEndpoint(family, backend, { flags: "A" }));
	const establish = (): number[] => {
		const ids = world().serve(vip, [backend]);
		send("S");
		world().run("tc_egress", "client", fromEndpoint(family, backend));
		send("A");
		return ids;
	};
	const assertGoesOn = (): void => {
		assertPacket(send().packet, { dst: backend.address, dport: 8080 });
		assertPacket(receive().packet, { src: vip.address, sport: 80 });
	};

	test("goes on when the policy leaves its Service no endpoint here, and a new one is dropped", () => {
		const ids = establish();
		world().replaceSet(SERVICE, ids, []);
		world().addFrontend(SERVICE, vip, { flags: FRONTEND_LOCAL_SET, scopes });
		assertGoesOn();
		const anew = toEndpoint(family, vip, { sport: 50_000 });
		assert.equal(world().run("tc_ingress", "client", anew).action, ACTION.drop);
		assert.equal(world().drops(DropReason.DROP_NO_LOCAL_ENDPOINT), 1);
	});

	test("goes on without an endpoint, and a new one is refused", () => {
		const [id = 0] = establish();
		world().removeBackend(id);
		world().replaceSet(SERVICE, []);
		assertGoesOn();
		const anew = toEndpoint(family, vip, { sport: 50_000 });
		assert.equal(world().run("tc_ingress", "client", anew).action, ACTION.redirect);
		assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 1);
	});

	test("keeps its source when the Service is to be masqueraded from now on", () => {
		establish();
		world().addFrontend(SERVICE, vip, { flags: FRONTEND_MASQUERADE, scopes });
		const { src } = decode(send().packet);
		assert.equal(src, decode(toEndpoint(family, vip)).src);
		assertGoesOn();
	});

	test("goes on when its Service is deleted", () => {
		const [id = 0] = establish();
		world().removeBackend(id);
		world().replaceSet(SERVICE, []);
		world().forgetFrontend(vip);
		assertGoesOn();
	});

	test("has packets from far outside of its window translated, both ways", () => {
		establish();
		for (const seq of [0, 0x0102_0304 + 0x4000_0000, 0xffff_ffff]) {
			for (const flags of ["A", "PA", "R", "FA"]) {
				const out = toEndpoint(family, vip, { flags, seq });
				assertPacket(world().run("tc_ingress", "client", out).packet, { dst: backend.address });
				const back = fromEndpoint(family, backend, { flags, seq });
				assertPacket(world().run("tc_egress", "client", back).packet, { src: vip.address });
			}
		}
	});

	test("has late packets translated after it was closed", () => {
		establish();
		send("FA");
		world().run("tc_egress", "client", fromEndpoint(family, backend, { flags: "FA" }));
		for (const flags of ["A", "R", "FA", "PA"]) {
			const late = fromEndpoint(family, backend, { flags });
			assertPacket(world().run("tc_egress", "client", late).packet, { src: vip.address });
			assertPacket(send(flags).packet, { dst: backend.address });
		}
	});

	test("is not another Service's when that takes its address", () => {
		establish();
		world().serve(vip, [other]);
		assertGoesOn();
		const anew = world().run("tc_ingress", "client", toEndpoint(family, vip, { sport: 50_000 }));
		assertPacket(anew.packet, { dst: other.address });
	});
});

forBothFamilies("a UDP client at a node port", (family) => {
	const { vip, backends } = endpoints(family, "udp");
	const addresses = [family.isV6 ? NODE6 : NODE4, family.isV6 ? "2001:db8:9::1" : "203.0.113.9"];
	const nodePorts = addresses.map((address): Endpoint => ({ ...vip, address, port: 30_080 }));
	const ask = (to: Endpoint): string => {
		const packet = toEndpoint(family, to, { src: OUTSIDE[family.at] });
		return decode(world().run("tc_ingress", "uplink", packet).packet).dst ?? "";
	};

	test("goes to another endpoint when its own leaves, at whichever address of the node it asks", () => {
		const [backend = vip, other = vip] = backends;
		const ids = world().serve(vip, [backend, other]);
		for (const nodePort of nodePorts) world().addFrontend(SERVICE, nodePort, { scopes });
		world().replaceSet(SERVICE, ids.slice(0, 1));
		for (const nodePort of nodePorts) assert.equal(ask(nodePort), backend.address);
		world().removeBackend(ids[0] ?? 0);
		world().replaceSet(SERVICE, ids.slice(1));
		for (const nodePort of nodePorts) assert.equal(ask(nodePort), other.address);
	});

	test("goes to the new port when that of its endpoint changes", () => {
		const [backend = vip] = backends;
		const [old = 0] = world().serve(vip, [backend]);
		for (const nodePort of nodePorts) world().addFrontend(SERVICE, nodePort, { scopes });
		for (const nodePort of nodePorts) ask(nodePort);
		const moved: Endpoint = { ...backend, port: 9090 };
		world().removeBackend(old);
		world().replaceSet(SERVICE, [world().addBackend(moved, SERVICE, true)]);
		for (const nodePort of nodePorts) {
			const packet = toEndpoint(family, nodePort, { src: OUTSIDE[family.at] });
			const sent = world().run("tc_ingress", "uplink", packet);
			assertPacket(sent.packet, { dst: backend.address, dport: 9090 });
		}
	});

	test("stays with an endpoint that terminates as long as it serves", () => {
		const [backend = vip, other = vip] = backends;
		const ids = world().serve(vip, [backend, other]);
		for (const nodePort of nodePorts) world().addFrontend(SERVICE, nodePort, { scopes });
		world().replaceSet(SERVICE, ids.slice(0, 1));
		for (const nodePort of nodePorts) ask(nodePort);
		world().drainBackend(ids[0] ?? 0);
		world().replaceSet(SERVICE, ids.slice(1));
		for (const nodePort of nodePorts) assert.equal(ask(nodePort), backend.address);
	});
});
