import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { Forwarding } from "../../src/layout/structs.ts";
import { addressBytes, checksum, pseudoHeader } from "../lib/packet-bytes.ts";
import { assertPacket } from "../lib/packet-diff.ts";
import { endpoints, forBothFamilies, fromEndpoint, toEndpoint, useWorld } from "./lib/setup.ts";
import { CLIENT } from "./lib/topology.ts";
import { ACTION, CHECKSUM_COMPLETE_IF_KNOWN } from "./lib/world.ts";

const PAYLOAD = Uint8Array.from({ length: 2000 }, (_, i) => i * 7);
const world = useWorld();

forBothFamilies("a fragmented datagram", (family) => {
	const { vip, backends } = endpoints(family, "udp");
	const [backend = vip] = backends;
	const piece = (id: number, from: number, to: number): Uint8Array =>
		toEndpoint(family, vip, { payload: PAYLOAD, fragment: { id, from, to } });
	const first = piece(77, 0, 1400);
	const second = piece(77, 1400, 2008);
	const headers = 14 + (family.isV6 ? 48 : 20);

	test("is translated in all its pieces, and its checksum is right when whole again", () => {
		world().serve(vip, [backend]);
		const flags = CHECKSUM_COMPLETE_IF_KNOWN;
		const one = world().run("tc_ingress", "client", first, { flags }).packet;
		const two = world().run("tc_ingress", "client", second, { flags }).packet;
		assertPacket(one, {
			dst: backend.address,
			dport: 8080,
			fragment: { id: 77, offset: 0, more: true },
		});
		assertPacket(two, { dst: backend.address, fragment: { id: 77, offset: 1400, more: false } });
		const datagram = Uint8Array.from([...one.slice(headers), ...two.slice(headers)]);
		const ip = { src: addressBytes(CLIENT[family.at]), dst: addressBytes(backend.address) };
		const pseudo = pseudoHeader({ ...ip, proto: 17, length: datagram.length });
		assert.equal(checksum(pseudo, datagram), 0);
	});

	test("that comes back is the service's in all its pieces", () => {
		world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		for (const [from, to] of [
			[0, 1400],
			[1400, 2008],
		] as const) {
			const answer = fromEndpoint(family, backend, {
				payload: PAYLOAD,
				fragment: { id: 5, from, to },
			});
			const back = world().run("tc_ingress", "backend", answer);
			assert.equal(back.action, ACTION.redirect);
			assertPacket(back.packet, { src: vip.address, dst: CLIENT[family.at] });
		}
	});

	test("is left alone as long as its first piece was not seen", () => {
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", first);
		const other = piece(78, 1400, 2008);
		const result = world().run("tc_ingress", "client", other);
		assert.equal(result.action, ACTION.pass);
		assert.deepEqual(result.packet, other);
	});
});
