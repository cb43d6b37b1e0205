import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { DropReason, FlowDirection, Forwarding } from "../../src/layout/structs.ts";
import { icmpError, quoteOf } from "../lib/packet.ts";
import { decode } from "../lib/packet-decode.ts";
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
import { CLIENT, macOf, NODE4, NODE6, OUTSIDE } from "./lib/topology.ts";
import { ACTION, CHECKSUM_COMPLETE_IF_KNOWN, type Endpoint } from "./lib/world.ts";

const world = useWorld();

/** type, code, info of the errors that matter, per family. */
const ERRORS = [
	["port unreachable", [3, 3, 0], [1, 4, 0]],
	["too big", [3, 4, 1400], [2, 0, 1400]],
	["time exceeded", [11, 0, 0], [3, 0, 0]],
	["parameter problem", [12, 0, 0], [4, 0, 0]],
] as const;

function errorOf(
	{ at }: Family,
	row: (typeof ERRORS)[number],
): { type: number; code: number; info: number } {
	const [type, code, info] = row[1 + at] as readonly [number, number, number];
	return { type, code, info };
}

for (const proto of ["tcp", "udp", "sctp"] as const) {
	for (const row of ERRORS) {
		forBothFamilies(`an ICMP error, ${row[0]}, about ${proto}`, (family) => {
			const { vip, backends } = endpoints(family, proto);
			const [backend = vip] = backends;
			const icmp = errorOf(family, row);
			const client = CLIENT[family.at];

			for (const cut of [undefined, family.isV6 ? 48 : 28]) {
				for (const sender of [backend.address, OUTSIDE[family.at]]) {
					test(`from ${sender}, quoting ${cut ?? "all"} bytes, reaches the client as the service's`, () => {
						world().serve(vip, [backend]);
						const payload = new Uint8Array(30).fill(7);
						const request = toEndpoint(family, vip, { payload });
						const sent = world().run("tc_ingress", "client", request).packet;
						const quote = quoteOf(sent, cut);
						const error = icmpError({ src: sender, dst: client, ...icmp, quote });
						const flags = CHECKSUM_COMPLETE_IF_KNOWN;
						const received = world().run("tc_egress", "client", error, { flags });
						assert.equal(received.action, ACTION.pass);
						assertPacket(received.packet, {
							src: sender === backend.address ? vip.address : sender,
							dst: client,
							icmp,
						});
						const expected = quoteOf(request, cut);
						assert.deepEqual(received.packet.slice(-quote.length), expected);
					});
				}
			}

			test("from the client about a reply reaches the backend", () => {
				world().serve(vip, [backend]);
				world().run("tc_ingress", "client", toEndpoint(family, vip));
				const answer = fromEndpoint(family, backend);
				const reply = world().run("tc_egress", "client", answer).packet;
				const error = icmpError({ src: client, dst: vip.address, ...icmp, quote: quoteOf(reply) });
				const sent = world().run("tc_ingress", "client", error);
				assert.equal(sent.action, ACTION.pass);
				assertPacket(sent.packet, { src: client, dst: backend.address, icmp });
				assert.deepEqual(sent.packet.slice(-quoteOf(answer).length), quoteOf(answer));
			});
		});
	}
}

forBothFamilies("an ICMP error about a masqueraded flow", (family) => {
	const { vip } = endpoints(family, "udp");
	const node = family.isV6 ? NODE6 : NODE4;
	const self: Endpoint = { address: CLIENT[family.at], port: 8080, proto: "udp" };

	test("finds the client behind the node's address", () => {
		world().serve(vip, [self]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip)).packet;
		const icmp = errorOf(family, ERRORS[0]);
		const error = icmpError({ src: self.address, dst: node, ...icmp, quote: quoteOf(sent) });
		const back = world().run("tc_ingress", "client", error);
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, {
			src: vip.address,
			dst: self.address,
			ttl: 63,
			quote: { src: self.address, sport: CLIENT_PORT, dst: vip.address, dport: 80 },
		});
	});
});

forBothFamilies("an ICMP error about a redirected flow", (family) => {
	const { vip, backends } = endpoints(family, "tcp");
	const [backend = vip] = backends;

	test("takes the flow's way", () => {
		world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });
		world().serve(vip, [backend]);
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip)).packet;
		const icmp = errorOf(family, ERRORS[1]);
		const error = icmpError({
			src: backend.address,
			dst: CLIENT[family.at],
			...icmp,
			quote: quoteOf(sent),
		});
		const flags = CHECKSUM_COMPLETE_IF_KNOWN;
		const back = world().run("tc_ingress", "backend", error, { flags });
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, {
			src: vip.address,
			quote: { dst: vip.address },
			dmac: "02:00:00:00:00:01",
			smac: macOf("client"),
		});
	});

	test("finds the flow behind the extension headers of the packet that it quotes", () => {
		if (!family.isV6) return;
		world().serve(vip, [backend]);
		world().run("tc_ingress", "client", toEndpoint(family, vip));
		const payload = new Uint8Array(64).fill(7);
		const piece = { flags: "A", payload, fragment: { id: 7, from: 0, to: 64 } };
		const request = toEndpoint(family, vip, { ...piece, extensions: ["dst"] });
		const sent = world().run("tc_ingress", "client", request).packet;
		const icmp = errorOf(family, ERRORS[1]);
		const error = icmpError({
			src: OUTSIDE[family.at],
			dst: CLIENT[family.at],
			...icmp,
			quote: quoteOf(sent),
		});
		const back = world().run("tc_egress", "client", error);
		assertPacket(back.packet, { src: OUTSIDE[family.at], icmp });
		assert.deepEqual(back.packet.slice(-quoteOf(request).length), quoteOf(request));
	});

	test("that is not about one of ours is left alone", () => {
		world().serve(vip, [backend]);
		const quote = quoteOf(toEndpoint(family, backend, { sport: 1 }));
		const icmp = errorOf(family, ERRORS[1]);
		const error = icmpError({ src: backend.address, dst: CLIENT[family.at], ...icmp, quote });
		const back = world().run("tc_egress", "client", error);
		assert.equal(back.action, ACTION.pass);
		assert.deepEqual(back.packet, error);
	});
});

test("an ICMP redirect about a translated flow is dropped and counted", () => {
	const family: Family = { at: 0, isV6: false };
	const { vip, backends } = endpoints(family, "tcp");
	world().serve(vip, backends.slice(0, 1));
	const sent = world().run("tc_ingress", "client", toEndpoint(family, vip)).packet;
	assert.equal(world().flow(FlowDirection.FLOW_FORWARD).key.dport, 80);
	const error = icmpError({
		src: decode(sent).dst,
		dst: CLIENT[0],
		type: 5,
		code: 1,
		quote: quoteOf(sent),
	});
	const result = world().run("tc_egress", "client", error);
	assert.equal(result.action, ACTION.drop);
	assert.equal(world().drops(DropReason.DROP_ICMP_REDIRECT), 1);
});
