import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { before, beforeEach, describe, test } from "node:test";
import { FlowDirection, FlowState } from "../../src/layout/structs.ts";
import { packet } from "../lib/packet.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { BACKENDS, buildTopology, CLIENT } from "./lib/topology.ts";
import { ACTION, CHECKSUM_COMPLETE_IF_KNOWN, type Endpoint, World } from "./lib/world.ts";

const VIP = ["10.96.0.1", "fd96::1"] as const;

let world: World;

before(() => {
	buildTopology();
	world = new World();
});
beforeEach(() => world.reset());

for (const [family, at] of [
	["IPv4", 0],
	["IPv6", 1],
] as const) {
	for (const proto of ["tcp", "udp", "sctp"] as const) {
		describe(`${proto} over ${family}, through the stack`, () => {
			const vip: Endpoint = { address: VIP[at], port: 80, proto };
			const backend: Endpoint = { address: BACKENDS[0]?.[at] ?? "", port: 8080, proto };
			const request = {
				src: CLIENT[at],
				dst: vip.address,
				proto,
				sport: 40000,
				dport: 80,
				payload: new Uint8Array(33).fill(0xab),
			};
			const answer = {
				src: backend.address,
				dst: CLIENT[at],
				proto,
				sport: 8080,
				dport: 40000,
				flags: "SA",
				payload: new Uint8Array(21).fill(0xcd),
			};

			test("a request leaves with the backend's address, and its reply with the service's", () => {
				world.serve(vip, [backend]);
				for (const flags of [0, CHECKSUM_COMPLETE_IF_KNOWN]) {
					const sent = world.run("tc_ingress", "client", packet(request), { flags });
					assert.equal(sent.action, ACTION.pass);
					assertPacket(sent.packet, {
						src: CLIENT[at],
						dst: backend.address,
						sport: 40000,
						dport: 8080,
						ttl: 64,
					});
					const passed = world.run("tc_ingress", "backend", packet(answer), { flags });
					assert.equal(passed.action, ACTION.pass);
					assert.deepEqual(passed.packet, packet(answer));
					const received = world.run("tc_egress", "client", packet(answer), { flags });
					assert.equal(received.action, ACTION.pass);
					assertPacket(received.packet, {
						src: vip.address,
						dst: CLIENT[at],
						sport: 80,
						dport: 40000,
					});
				}
			});

			test("an established flow keeps its one backend", () => {
				const others = BACKENDS.map((pair): Endpoint => ({ ...backend, address: pair[at] }));
				world.serve(vip, others);
				world.run("tc_ingress", "client", packet(request));
				const first = world.flow(FlowDirection.FLOW_FORWARD).value;
				for (let i = 0; i < 32; i++) {
					world.run("tc_ingress", "client", packet({ ...request, flags: "A" }));
				}
				const last = world.flow(FlowDirection.FLOW_FORWARD).value;
				assert.deepEqual(last.dst, first.dst);
				assert.equal(world.flows().length, 2);
			});

			test("new flows spread over all backends", () => {
				const others = BACKENDS.map((pair): Endpoint => ({ ...backend, address: pair[at] }));
				world.serve(vip, others);
				for (let sport = 40000; sport < 40064; sport++) {
					world.run("tc_ingress", "client", packet({ ...request, sport }));
				}
				const chosen = new Set(
					world
						.flows()
						.filter(({ key }) => key.direction === FlowDirection.FLOW_FORWARD)
						.map(({ value }) => value.backend),
				);
				assert.equal(chosen.size, BACKENDS.length);
			});

			test("a reply, and for TCP and SCTP what the client says to it, makes both entries established", () => {
				world.serve(vip, [backend]);
				world.run("tc_ingress", "client", packet(request));
				world.run("tc_egress", "client", packet(answer));
				world.run("tc_ingress", "client", packet({ ...request, flags: "A" }));
				for (const { value } of world.flows()) {
					assert.equal(value.state, FlowState.FLOW_ESTABLISHED);
				}
				assert.equal(world.control().half_open, 0n);
			});

			// Of SCTP only INIT begins a flow.
			if (proto !== "sctp") {
				test("a flow that began before there was a frontend is the service's from its next packet on", () => {
					const early = world.run("tc_ingress", "client", packet(request));
					assert.deepEqual(early.packet, packet(request));
					world.serve(vip, [backend]);
					const next = { ...request, flags: "A" };
					const sent = world.run("tc_ingress", "client", packet(next));
					assertPacket(sent.packet, { dst: backend.address, dport: backend.port });
				});
			}

			test("a packet of the other protocol is left alone", () => {
				world.serve(vip, [backend]);
				const other = packet({ ...request, proto: proto === "tcp" ? "udp" : "tcp" });
				const result = world.run("tc_ingress", "client", other);
				assert.equal(result.action, ACTION.pass);
				assert.deepEqual(result.packet, other);
				assert.equal(world.flows().length, 0);
			});

			test("a packet to an address that is no frontend is left alone", () => {
				world.serve(vip, [backend]);
				const other = packet({ ...request, dport: 81 });
				const result = world.run("tc_ingress", "client", other);
				assert.equal(result.action, ACTION.pass);
				assert.deepEqual(result.packet, other);
				assert.equal(world.flows().length, 0);
			});
		});
	}
}
