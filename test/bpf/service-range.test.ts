import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason } from "../../src/layout/structs.ts";
import { echoRequest } from "../lib/packet.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { CLIENT, NODE4, NODE6, OUTSIDE } from "./lib/topology.ts";
import { ACTION, type Endpoint } from "./lib/world.ts";

const world = useWorld();
const CIDRS = [
	["10.96.0.0/16", "172.30.0.0/16"],
	["fd96::/108", "fd97::/112"],
] as const;
const FREE = [
	["10.96.3.7", "172.30.255.255"],
	["fd96::3:7", "fd97::ffff"],
] as const;
/** In what the programs compare with, and in no prefix. */
const BESIDE = [["10.97.0.1"], ["fd96::20:1"]] as const;

for (const proto of ["tcp", "udp"] as const) {
	forBothFamilies(`${proto} to an address of a ServiceCIDR that no Service has`, (family) => {
		const { vip, backends } = endpoints(family, proto);
		const [backend = vip] = backends;
		const to = (address: string): Endpoint => ({ ...vip, address });
		const dropped = () => world().drops(DropReason.DROP_UNKNOWN_ADDRESS);
		const prepare = () => {
			world().serve(vip, [backend]);
			world().addServiceAddress(vip.address);
			world().addServiceCIDRs(...CIDRS.flat());
		};

		test("is dropped by name, from pods, from outside and from the node", () => {
			prepare();
			const senders = [
				["tc_ingress", "client", CLIENT[family.at]],
				["tc_ingress", "uplink", OUTSIDE[family.at]],
				["tc_egress", "uplink", family.isV6 ? NODE6 : NODE4],
			] as const;
			for (const free of FREE[family.at]) {
				for (const [program, device, src] of senders) {
					const { action } = world().run(program, device, toEndpoint(family, to(free), { src }));
					assert.equal(action, ACTION.drop, `${src} > ${free}`);
				}
			}
			assert.equal(dropped(), 6);
			assert.deepEqual(world().flows(), []);
		});

		test("is nobody's business without ServiceCIDRs, beside them, and where nothing begins", () => {
			const [free = ""] = FREE[family.at];
			const before = toEndpoint(family, to(free));
			assert.deepEqual(world().run("tc_ingress", "client", before).packet, before);
			prepare();
			const packets = [
				...BESIDE[family.at].map((address) => toEndpoint(family, to(address))),
				...(proto === "tcp" ? [toEndpoint(family, to(free), { flags: "R" })] : []),
			];
			for (const packet of packets) {
				const result = world().run("tc_ingress", "client", packet);
				assert.equal(result.action, ACTION.pass);
				assert.deepEqual(result.packet, packet);
			}
			assert.equal(dropped(), 0);
		});

		test("does not stand in the way of Services, their flows, and replies", () => {
			prepare();
			const sent = world().run("tc_ingress", "client", toEndpoint(family, vip));
			assertPacket(sent.packet, { dst: backend.address });
			world().forgetFrontend(vip);
			const next = world().run("tc_ingress", "client", toEndpoint(family, vip, { flags: "A" }));
			assertPacket(next.packet, { dst: backend.address });
			const back = world().run("tc_egress", "client", fromEndpoint(family, backend));
			assertPacket(back.packet, { src: vip.address });
			assert.equal(dropped(), 0);
		});

		test("passes at the egress of a pod's device, where no client of ours is", () => {
			prepare();
			const [free = ""] = FREE[family.at];
			const packet = toEndpoint(family, to(free), { src: OUTSIDE[family.at] });
			const result = world().run("tc_egress", "client", packet);
			assert.equal(result.action, ACTION.pass);
		});
	});
}

forBothFamilies("an echo request for an address of a ServiceCIDR that no Service has", (family) => {
	test("is dropped by name", () => {
		world().addServiceCIDRs(...CIDRS[family.at]);
		const [dst = ""] = FREE[family.at];
		const src = CLIENT[family.at];
		const request = echoRequest({ src, dst, payload: new Uint8Array(8) });
		assert.equal(world().run("tc_ingress", "client", request).action, ACTION.drop);
		assert.equal(world().drops(DropReason.DROP_UNKNOWN_ADDRESS), 1);
	});
});
