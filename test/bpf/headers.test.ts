import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, type Family, forBothFamilies, toEndpoint, useWorld } from "./lib/setup.ts";
import { ACTION } from "./lib/world.ts";

const V4: Family = { at: 0, isV6: false };
const V6: Family = { at: 1, isV6: true };
const world = useWorld();

for (const proto of ["tcp", "udp"] as const) {
	test(`${proto} behind IPv4 options is translated`, () => {
		const { vip, backends } = endpoints(V4, proto);
		world().serve(vip, backends.slice(0, 1));
		for (const options of [4, 40]) {
			const sent = world().run("tc_ingress", "client", toEndpoint(V4, vip, { options }));
			assertPacket(sent.packet, { dst: backends[0]?.address ?? "", dport: 8080 });
		}
	});

	test(`${proto} behind IPv6 extension headers is translated`, () => {
		const { vip, backends } = endpoints(V6, proto);
		world().serve(vip, backends.slice(0, 1));
		for (const extensions of [["hop"], ["dst"], ["hop", "dst"]] as const) {
			const sent = world().run("tc_ingress", "client", toEndpoint(V6, vip, { extensions }));
			assertPacket(sent.packet, { dst: backends[0]?.address ?? "", dport: 8080 });
		}
	});
}

test("UDP over IPv4 without checksum stays without", () => {
	const { vip, backends } = endpoints(V4, "udp");
	world().serve(vip, backends.slice(0, 1));
	const sent = world().run("tc_ingress", "client", toEndpoint(V4, vip, { noChecksum: true }));
	assertPacket(sent.packet, { dport: 8080 });
	assert.deepEqual([sent.packet[40], sent.packet[41]], [0, 0]);
});

forBothFamilies("a packet that is cut off", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const ip = family.isV6 ? 40 : 20;
	for (const keep of [ip, ip + 2, ip + 8, ip + 19]) {
		test(`after ${keep} bytes of IP is left alone`, () => {
			world().serve(vip, backends.slice(0, 1));
			const cut = toEndpoint(family, vip).slice(0, 14 + keep);
			const result = world().run("tc_ingress", "client", cut);
			assert.equal(result.action, ACTION.pass);
			assert.deepEqual(result.packet, cut);
			assert.equal(world().flows().length, 0);
		});
	}
});
