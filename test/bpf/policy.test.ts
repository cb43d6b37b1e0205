import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DropReason, FlowDirection, FrontendFlag, Scope } from "../../src/layout/structs.ts";
import { decode } from "../lib/packet-decode.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import {
	CLIENT_PORT,
	endpoints,
	type Family,
	forBothFamilies,
	fromEndpoint,
	STRAY,
	toEndpoint,
	useWorld,
} from "./lib/setup.ts";
import { CLIENT, NODE4, NODE6, OUTSIDE } from "./lib/topology.ts";
import { ACTION, type Endpoint, PORTS, type RunResult } from "./lib/world.ts";

const { FRONTEND_LOCAL_SET, FRONTEND_MASQUERADE, FRONTEND_MASQUERADE_OUTSIDE, FRONTEND_RANGES } =
	FrontendFlag;
const world = useWorld();
const nodeOf = ({ isV6 }: Family): string => (isV6 ? NODE6 : NODE4);
/** The only Service of a test. */
const SERVICE = 1;

/** Client and source of a row of the masquerade table. */
const CLIENTS = {
	pod: (family: Family) => ({ device: "client" as const, src: CLIENT[family.at] }),
	outside: (family: Family) => ({ device: "uplink" as const, src: OUTSIDE[family.at] }),
};

function request(family: Family, vip: Endpoint, who: keyof typeof CLIENTS): RunResult {
	const { device, src } = CLIENTS[who](family);
	return world().run("tc_ingress", device, toEndpoint(family, vip, { src }));
}

// kube-proxy's TestInternalExternalMasquerade, for a backend on this node.
const MASQUERADE = [
	["a frontend that masquerades", FRONTEND_MASQUERADE, { pod: true, outside: true }],
	[
		"a frontend that masquerades clients outside",
		FRONTEND_MASQUERADE_OUTSIDE,
		{ pod: false, outside: true },
	],
	[
		"a frontend of local endpoints that keeps the source",
		FRONTEND_LOCAL_SET,
		{ pod: false, outside: false },
	],
] as const;

for (const [name, flags, expected] of MASQUERADE) {
	forBothFamilies(name, (family) => {
		const { vip, backends } = endpoints(family, "tcp");
		const [backend = vip] = backends;
		for (const who of ["pod", "outside"] as const) {
			const src = CLIENTS[who](family).src;
			test(`${expected[who] ? "gives the node's" : "keeps the"} address of a client: ${who}`, () => {
				world().serve(vip, [backend], { flags });
				const sent = request(family, vip, who);
				const seen = expected[who] ? nodeOf(family) : src;
				assertPacket(sent.packet, { src: seen, dst: backend.address, dport: 8080 });
			});
		}
	});
}

forBothFamilies("a masqueraded flow to a backend of this node", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	test("has a port of the range, and its replies go back to the client", () => {
		world().serve(vip, [backend], { flags: FRONTEND_MASQUERADE });
		const sent = request(family, vip, "outside");
		assert.equal(sent.action, ACTION.redirect);
		const port = decode(sent.packet).sport ?? 0;
		assert.ok(port >= PORTS.first && port <= PORTS.last, `${port}`);
		const answer = fromEndpoint(family, backend, { dst: nodeOf(family), dport: port });
		const back = world().run("tc_ingress", "backend", answer);
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, {
			...{ src: vip.address, sport: 80 },
			...{ dst: OUTSIDE[family.at], dport: CLIENT_PORT },
		});
	});

	test("keeps its source when the backend is the node itself, which answers by its own stack", () => {
		const host: Endpoint = { ...vip, address: nodeOf(family), port: 8080 };
		world().serve(vip, [host], { flags: FRONTEND_MASQUERADE });
		const sent = request(family, vip, "outside");
		assert.equal(sent.action, ACTION.pass);
		assertPacket(sent.packet, { src: OUTSIDE[family.at], dst: host.address, dport: 8080 });
		const answer = fromEndpoint(family, host, { dst: OUTSIDE[family.at] });
		const back = world().run("tc_egress", "uplink", answer);
		assertPacket(back.packet, { src: vip.address, sport: 80 });
	});
});

forBothFamilies("a pod of another node, known by its prefix", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	test("has the view from inside, and keeps its address", () => {
		const scopes = [Scope.SCOPE_INTERNAL];
		world().serve(vip, [backend], { flags: FRONTEND_MASQUERADE_OUTSIDE, scopes });
		assert.deepEqual(world().flows(), []);
		const unknown = request(family, vip, "outside");
		assertPacket(unknown.packet, { dst: vip.address });
		world().addSource(OUTSIDE[family.at], family.isV6 ? 48 : 24);
		const known = request(family, vip, "outside");
		assertPacket(known.packet, { src: OUTSIDE[family.at], dst: backend.address });
	});
});

forBothFamilies("a frontend with source ranges", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	for (const who of ["pod", "outside"] as const) {
		test(`drops what comes from elsewhere: ${who}`, () => {
			world().serve(vip, [backend], { flags: FRONTEND_RANGES });
			world().addRange(SERVICE + 1, CLIENTS[who](family).src, family.isV6 ? 128 : 32);
			assert.equal(request(family, vip, who).action, ACTION.drop);
			assert.equal(world().drops(DropReason.DROP_SOURCE_RANGE), 1);
			assert.deepEqual(world().flows(), []);
		});

		test(`serves a client in a range: ${who}`, () => {
			world().serve(vip, [backend], { flags: FRONTEND_RANGES });
			world().addRange(SERVICE, CLIENTS[who](family).src, family.isV6 ? 64 : 24);
			assertPacket(request(family, vip, who).packet, { dst: backend.address });
		});
	}

	test("drops before it rejects for want of endpoints", () => {
		world().serve(vip, [], { flags: FRONTEND_RANGES });
		assert.equal(request(family, vip, "outside").action, ACTION.drop);
		assert.equal(world().drops(DropReason.DROP_SOURCE_RANGE), 1);
		assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 0);
	});

	test("asks the node's own packets too", () => {
		world().serve(vip, [backend], { flags: FRONTEND_RANGES });
		const packet = toEndpoint(family, vip, { src: nodeOf(family) });
		assert.equal(world().run("tc_egress", "uplink", packet).action, ACTION.drop);
		world().addRange(SERVICE, nodeOf(family), family.isV6 ? 128 : 32);
		assert.equal(world().run("tc_egress", "uplink", packet).action, ACTION.redirect);
	});

	test("lets connections go on whose range is gone", () => {
		world().serve(vip, [backend], { flags: FRONTEND_RANGES });
		world().addRange(SERVICE, CLIENT[family.at], family.isV6 ? 128 : 32);
		request(family, vip, "pod");
		const id = world().flow(FlowDirection.FLOW_FORWARD).value.backend;
		world().forgetPrefixes();
		const next = toEndpoint(family, vip, { flags: "A" });
		assertPacket(world().run("tc_ingress", "client", next).packet, { dst: backend.address });
		assert.equal(world().flow(FlowDirection.FLOW_FORWARD).value.backend, id);
		assert.equal(world().drops(DropReason.DROP_SOURCE_RANGE), 0);
	});
});

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`a ${proto} port that no Service has at a service address`, (family) => {
		const { vip, backends } = endpoints(family, proto);
		const unknown: Endpoint = { ...vip, port: 4711 };
		const unreachable = family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 };

		for (const who of ["pod", "outside"] as const) {
			test(`is refused, as closed ports are: ${who}`, () => {
				world().serve(vip, backends);
				world().addServiceAddress(vip.address);
				const result = request(family, unknown, who);
				assert.equal(result.action, ACTION.redirect);
				const dst = CLIENTS[who](family).src;
				assertPacket(result.packet, { src: vip.address, dst, proto: "icmp", icmp: unreachable });
				assert.equal(world().drops(DropReason.DROP_UNKNOWN_PORT), 1);
				assert.deepEqual(world().flows(), []);
			});
		}

		test("leaves alone what begins no connection", () => {
			world().serve(vip, backends);
			world().addServiceAddress(vip.address);
			for (const flags of proto === "tcp" ? STRAY : []) {
				const packet = toEndpoint(family, unknown, { flags });
				const result = world().run("tc_ingress", "client", packet);
				assert.equal(result.action, ACTION.pass, flags);
				assert.deepEqual(result.packet, packet);
			}
			assert.equal(world().drops(DropReason.DROP_UNKNOWN_PORT), 0);
		});

		test("is refused to the node's own packets too", () => {
			world().addServiceAddress(vip.address);
			const packet = toEndpoint(family, unknown, { src: nodeOf(family) });
			const result = world().run("tc_egress", "uplink", packet);
			assert.equal(result.action, ACTION.redirect);
			assert.equal(world().drops(DropReason.DROP_UNKNOWN_PORT), 1);
		});

		test("leaves packets to other addresses alone, and those of live flows", () => {
			const [backend = vip] = backends;
			world().serve(vip, [backend]);
			world().addServiceAddress(vip.address);
			const other = toEndpoint(family, { ...unknown, address: OUTSIDE[family.at] });
			assert.deepEqual(world().run("tc_ingress", "client", other).packet, other);
			request(family, vip, "pod");
			world().forgetFrontend(vip);
			const next = toEndpoint(family, vip, { flags: "A" });
			assertPacket(world().run("tc_ingress", "client", next).packet, { dst: backend.address });
			assert.equal(world().drops(DropReason.DROP_UNKNOWN_PORT), 0);
		});
	});
}

describe("a frontend at a loopback address", () => {
	for (const address of ["127.0.0.1", "::1"]) {
		test(`drops packets from devices: ${address}`, () => {
			const family: Family = address === "::1" ? { at: 1, isV6: true } : { at: 0, isV6: false };
			const { vip, backends } = endpoints(family, "tcp");
			const local: Endpoint = { ...vip, address };
			// The agent writes none for clients outside.
			world().serve(local, backends, { scopes: [Scope.SCOPE_INTERNAL] });
			for (const who of ["pod", "outside"] as const) {
				assert.equal(request(family, local, who).action, ACTION.drop);
			}
			assert.equal(world().drops(DropReason.DROP_MARTIAN), 2);
			assert.deepEqual(world().flows(), []);
		});
	}
});
