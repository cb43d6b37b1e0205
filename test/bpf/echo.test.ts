import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason, FrontendFlag } from "../../src/layout/structs.ts";
import { echoRequest, PROTO } from "../lib/packet.ts";
import { addressBytes, checksum, pseudoHeader } from "../lib/packet-bytes.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { type Family, forBothFamilies, useWorld, VIPS } from "./lib/setup.ts";
import { CLIENT, NODE4, NODE6, OUTSIDE } from "./lib/topology.ts";
import { ACTION, CHECKSUM_COMPLETE_IF_KNOWN } from "./lib/world.ts";

const { FRONTEND_ADDRESS, FRONTEND_ECHO } = FrontendFlag;
const world = useWorld();
const PAYLOAD = Uint8Array.from({ length: 57 }, (_, i) => i * 3);

const SENDERS = [
	["a pod", "tc_ingress", "client", ({ at }: Family) => CLIENT[at]],
	["a client outside", "tc_ingress", "uplink", ({ at }: Family) => OUTSIDE[at]],
	["the node itself", "tc_egress", "uplink", ({ isV6 }: Family) => (isV6 ? NODE6 : NODE4)],
] as const;

forBothFamilies("an echo request for a service address", (family) => {
	const vip = VIPS[family.at];
	const type = family.isV6 ? 129 : 0;
	const ping = (src: string, dst: string = vip) => echoRequest({ src, dst, payload: PAYLOAD });

	for (const [who, program, device, address] of SENDERS) {
		test(`is answered to ${who}`, () => {
			world().addServiceAddress(vip, FRONTEND_ADDRESS | FRONTEND_ECHO);
			const src = address(family);
			const request = echoRequest({ src, dst: vip, payload: PAYLOAD, ttl: 7 });
			const flags = CHECKSUM_COMPLETE_IF_KNOWN;
			const { action, packet } = world().run(program, device, request, { flags });
			assert.equal(action, ACTION.redirect);
			assertPacket(packet, {
				...{ src: vip, dst: src, ttl: 64, proto: "icmp" },
				...{ dmac: "02:00:00:00:00:01", smac: "02:00:00:00:00:02" },
				icmp: { type, code: 0, info: 0x1234_0001 },
			});
			assert.deepEqual(packet.slice(-PAYLOAD.length), PAYLOAD);
			assert.deepEqual(world().flows(), []);
		});
	}

	test("is answered in all its fragments, and the answer is right when whole again", () => {
		world().addServiceAddress(vip, FRONTEND_ECHO);
		const src = CLIENT[family.at];
		const payload = Uint8Array.from({ length: 2000 }, (_, i) => i * 7);
		const headers = 14 + (family.isV6 ? 48 : 20);
		const message = [
			{ id: 9, from: 0, to: 1200 },
			{ id: 9, from: 1200, to: 2008 },
		].flatMap((fragment) => {
			const piece = echoRequest({ src, dst: vip, payload, fragment });
			const { action, packet } = world().run("tc_ingress", "client", piece);
			assert.equal(action, ACTION.redirect);
			assertPacket(packet, {
				...{ src: vip, dst: src, bad: fragment.from === 0 ? ["icmp"] : [] },
				fragment: { id: 9, offset: fragment.from, more: fragment.from === 0 },
			});
			return [...packet.slice(headers)];
		});
		const ip = { src: addressBytes(vip), dst: addressBytes(src), length: message.length };
		const pseudo = family.isV6 ? pseudoHeader({ ...ip, proto: PROTO.icmpv6 }) : new Uint8Array(0);
		assert.equal(checksum(pseudo, Uint8Array.from(message)), 0);
		assert.equal(message[0], type);
	});

	test("is refused where the service has no endpoint", () => {
		world().addServiceAddress(vip);
		const { action, packet } = world().run("tc_ingress", "client", ping(CLIENT[family.at]));
		assert.equal(action, ACTION.redirect);
		const icmp = family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 };
		const asked = { src: CLIENT[family.at], dst: vip, proto: "icmp" };
		assertPacket(packet, { src: vip, dst: CLIENT[family.at], icmp, quote: asked });
		assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 1);
	});

	test("leaves alone what is for others, no request, or from nobody", () => {
		world().addServiceAddress(vip, FRONTEND_ADDRESS | FRONTEND_ECHO);
		const nobody = family.isV6 ? "::" : "0.0.0.0";
		const all = family.isV6 ? "ff02::1" : "224.0.0.1";
		const answer = ping(CLIENT[family.at]);
		answer[family.isV6 ? 54 : 34] = type;
		for (const packet of [
			ping(CLIENT[family.at], OUTSIDE[family.at]),
			ping(nobody),
			ping(all),
			answer,
		]) {
			const result = world().run("tc_ingress", "client", packet);
			assert.equal(result.action, ACTION.pass);
			assert.deepEqual(result.packet, packet);
		}
	});
});
