import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Forwarding } from "../../src/layout/structs.ts";
import { lacking } from "../lib/features.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { CHECKSUM_COMPLETE } from "./lib/world.ts";

// The kernel sums up the packet after the run and fails with EBADMSG unless skb->csum still fits.
const flags = CHECKSUM_COMPLETE;

for (const have_csum_ipv6_flag of [true, false]) {
	const name = `on a kernel ${have_csum_ipv6_flag ? "with" : "without"} BPF_F_IPV6`;
	describe(name, { skip: lacking("checksumCompleteRuns") }, () => {
		const world = useWorld({ variables: { have_csum_ipv6_flag } });
		for (const proto of ["tcp", "udp"] as const) {
			for (const forwarding of [Forwarding.FORWARDING_STACK, Forwarding.FORWARDING_REDIRECT]) {
				forBothFamilies(`${proto}, forwarding mode ${forwarding}`, (family) => {
					const { vip, backends } = endpoints(family, proto);
					const [backend = vip] = backends;

					test("a device's checksum of the whole packet stays right", () => {
						world().set({ forwarding });
						world().serve(vip, [backend]);
						const payload = Uint8Array.from({ length: 101 }, (_, i) => i);
						const request = toEndpoint(family, vip, { payload });
						const sent = world().run("tc_ingress", "client", request, { flags });
						assertPacket(sent.packet, { dst: backend.address, dport: backend.port });
						const answer = fromEndpoint(family, backend, { payload });
						const stack = forwarding === Forwarding.FORWARDING_STACK;
						const received = stack
							? world().run("tc_egress", "client", answer, { flags })
							: world().run("tc_ingress", "backend", answer, { flags });
						assertPacket(received.packet, { src: vip.address, sport: vip.port });
					});

					// Longer packets are cut for the answer; the kernel then forgets the device's checksum.
					test("so it does when the packet is refused", () => {
						world().serve(vip, []);
						const request = toEndpoint(family, vip, { payload: new Uint8Array(19).fill(3) });
						const sent = world().run("tc_ingress", "client", request, { flags });
						assertPacket(sent.packet, { proto: "icmp" });
						assert.ok(sent.packet.length > 42);
					});
				});
			}
		}
	});
}
