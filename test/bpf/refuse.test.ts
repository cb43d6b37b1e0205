import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason } from "../../src/layout/structs.ts";
import { checksum, u16 } from "../lib/packet-bytes.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, STRAY, toEndpoint, useWorld } from "./lib/setup.ts";
import { CLIENT } from "./lib/topology.ts";
import { ACTION } from "./lib/world.ts";

const world = useWorld();

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`a ${proto} service without usable endpoints`, (family) => {
		const { vip } = endpoints(family, proto);
		const unreachable = family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 };
		const answered = {
			src: vip.address,
			dst: CLIENT[family.at],
			proto: "icmp",
			icmp: unreachable,
			dmac: "02:00:00:00:00:01",
			smac: "02:00:00:00:00:02",
		};

		for (const size of [0, 1, 19, 200]) {
			test(`answers port unreachable to a packet with ${size} bytes of data`, () => {
				world().serve(vip, []);
				const payload = new Uint8Array(size).fill(0x5a);
				const result = world().run("tc_ingress", "client", toEndpoint(family, vip, { payload }));
				assert.equal(result.action, ACTION.redirect);
				assertPacket(result.packet, answered);
				assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 1);
				assert.equal(world().flows().length, 0);
			});
		}

		test("quotes the packet that was refused", () => {
			world().serve(vip, []);
			const payload = new Uint8Array(100).fill(1);
			const result = world().run("tc_ingress", "client", toEndpoint(family, vip, { payload }));
			assertPacket(result.packet, {
				quote: {
					src: CLIENT[family.at],
					dst: vip.address,
					proto,
					sport: 40000,
					dport: 80,
				},
			});
		});

		// The client's checksum offload may still be due, and then writes into the quote.
		test("quotes a checksum that summing up the quote does not change", () => {
			world().serve(vip, []);
			for (const size of [1, 50, 51]) {
				const payload = new Uint8Array(size).fill(0x77);
				const result = world().run("tc_ingress", "client", toEndpoint(family, vip, { payload }));
				const quoted = result.packet.slice(14 + 8 + 2 * (family.isV6 ? 40 : 20));
				assert.equal(checksum(quoted), u16(quoted, proto === "tcp" ? 16 : 6));
			}
		});

		test("answers the node's own packets too", () => {
			world().serve(vip, []);
			const result = world().run("tc_egress", "uplink", toEndpoint(family, vip));
			assert.equal(result.action, ACTION.redirect);
			assertPacket(result.packet, answered);
		});

		if (proto === "tcp") {
			// Conntrack too takes an ACK without a connection for the first packet of one.
			test("answers what begins a connection, and leaves other packets alone", () => {
				for (const onlyLocalEmpty of [false, true]) {
					world().reset();
					world().serve(vip, [], { onlyLocalEmpty });
					for (const flags of STRAY) {
						const packet = toEndpoint(family, vip, { flags });
						const result = world().run("tc_ingress", "client", packet);
						assert.equal(result.action, ACTION.pass, flags);
						assert.deepEqual(result.packet, packet);
					}
				}
				world().reset();
				world().serve(vip, []);
				for (const flags of ["S", "A", "SP", "PA"]) {
					const result = world().run("tc_ingress", "client", toEndpoint(family, vip, { flags }));
					assert.equal(result.action, ACTION.redirect, flags);
				}
				assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 4);
				assert.equal(world().drops(DropReason.DROP_NO_LOCAL_ENDPOINT), 0);
			});
		}

		test("says nothing when endpoints exist, but not for this policy", () => {
			world().serve(vip, [], { onlyLocalEmpty: true });
			const result = world().run("tc_ingress", "client", toEndpoint(family, vip));
			assert.equal(result.action, ACTION.drop);
			assert.equal(world().drops(DropReason.DROP_NO_LOCAL_ENDPOINT), 1);
		});
	});
}
