import "../lib/own-namespaces.ts";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
	DropReason,
	FlowDirection,
	FlowFlag,
	FlowState,
	Forwarding,
} from "../../src/layout/structs.ts";
import { type ChunkName, icmpError, quoteOf } from "../lib/packet.ts";
import { sctpChecksum, sctpStored, setSctpChecksum, setU16 } from "../lib/packet-bytes.ts";
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
import { CLIENT, UPLINK_MTU } from "./lib/topology.ts";
import { ACTION, CHECKSUM_COMPLETE_IF_KNOWN, type Endpoint } from "./lib/world.ts";

const { FLOW_FORWARD, FLOW_REPLY } = FlowDirection;
const { FLOW_SYN_SENT, FLOW_ESTABLISHED, FLOW_CLOSING, FLOW_CLOSED } = FlowState;
const SERVICE = 1;
const world = useWorld();

/** Where SCTP begins in a frame without options. */
const l4Of = ({ isV6 }: Family): number => 14 + (isV6 ? 40 : 20);
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 31 + 5);

function ofClient(family: Family, to: Endpoint, ...chunks: ChunkName[]): Uint8Array {
	return toEndpoint(family, to, { chunks });
}

function ofBackend(family: Family, from: Endpoint, ...chunks: ChunkName[]): Uint8Array {
	return fromEndpoint(family, from, { chunks });
}

/** A service whose port is, or is not, its endpoint's. */
function served(family: Family, isSamePort = false): { vip: Endpoint; backend: Endpoint } {
	const { vip, backends } = endpoints(family, "sctp");
	const [backend = vip] = backends;
	const target = isSamePort ? { ...backend, port: vip.port } : backend;
	world().serve(vip, [target]);
	return { vip, backend: target };
}

forBothFamilies("the checksum of SCTP", (family) => {
	for (const size of [0, 1, 2, 3, 4, 5, 16, 255, 1000, 1439, 3000]) {
		test(`is right after a change of ports: ${size} bytes of data, both ways`, () => {
			const { vip, backend } = served(family);
			const flags = CHECKSUM_COMPLETE_IF_KNOWN;
			world().run("tc_ingress", "client", ofClient(family, vip, "init"), { flags });
			const payload = bytesOf(size);
			const data = toEndpoint(family, vip, { chunks: ["sack", "data"], payload });
			const sent = world().run("tc_ingress", "client", data, { flags });
			assertPacket(sent.packet, { dst: backend.address, dport: backend.port });
			const answer = fromEndpoint(family, backend, { chunks: ["data"], payload });
			const back = world().run("tc_egress", "client", answer, { flags });
			assertPacket(back.packet, { src: vip.address, sport: vip.port });
		});
	}

	// The rest of such a message does not fit into a test run, and is not read.
	for (const size of [4096, 9000, 32_768, 65_000]) {
		test(`is right for a message of ${size} bytes`, () => {
			const { vip, backend } = served(family);
			world().run("tc_ingress", "client", ofClient(family, vip, "init"));
			const whole = toEndpoint(family, vip, { chunks: ["data"], payload: bytesOf(size) });
			const sent = world().run("tc_ingress", "client", whole.slice(0, 200)).packet;
			const message = whole.slice(l4Of(family));
			setU16(message, 2, backend.port);
			assert.equal(sctpStored(sent.slice(l4Of(family))), sctpChecksum(message));
		});
	}

	test("covers the message, not what pads the frame", () => {
		const { vip } = served(family);
		const init = ofClient(family, vip, "init");
		const sent = world().run("tc_ingress", "client", Uint8Array.from([...init, 0, 0, 0, 0, 0, 0]));
		assertPacket(sent.packet, { dport: 8080, bad: [] });
	});

	test("is left alone when it is left to the device", () => {
		const { vip } = served(family);
		const noChecksum = true;
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip, { noChecksum }));
		assertPacket(sent.packet, { dport: 8080 });
		assert.equal(sctpStored(sent.packet.slice(l4Of(family))), 0);
	});

	test("stays as wrong as it was", () => {
		const { vip } = served(family);
		const wrong = ofClient(family, vip, "init");
		const l4 = wrong.subarray(l4Of(family));
		setSctpChecksum(l4, (sctpStored(l4) ^ 0x0100_0004) >>> 0);
		const sent = world().run("tc_ingress", "client", wrong).packet;
		assertPacket(sent, { dport: 8080, bad: ["sctp"] });
		const after = sent.slice(l4Of(family));
		assert.equal((sctpStored(after) ^ sctpChecksum(after)) >>> 0, 0x0100_0004);
	});

	test("does not change with addresses alone", () => {
		const { vip, backend } = served(family, true);
		const init = ofClient(family, vip, "init");
		const flags = CHECKSUM_COMPLETE_IF_KNOWN;
		const sent = world().run("tc_ingress", "client", init, { flags }).packet;
		assertPacket(sent, { dst: backend.address, dport: vip.port });
		assert.deepEqual(sent.slice(l4Of(family)), init.slice(l4Of(family)));
	});

	test("is right behind IP options and extension headers", () => {
		const { vip } = served(family);
		const changes = family.isV6 ? { extensions: ["hop", "dst"] as const } : { options: 8 };
		const sent = world().run("tc_ingress", "client", toEndpoint(family, vip, changes));
		assertPacket(sent.packet, { dport: 8080, bad: [] });
	});

	test("is right of the node's own packets, and of the answers that come back to it", () => {
		const { vip, backend } = served(family);
		const sent = world().run("tc_egress", "uplink", ofClient(family, vip, "init"));
		assert.equal(sent.action, ACTION.redirect);
		assertPacket(sent.packet, { dst: backend.address, dport: 8080 });
		const back = world().run("tc_ingress", "backend", ofBackend(family, backend, "initAck"));
		assert.equal(back.action, ACTION.redirect);
		assertPacket(back.packet, { src: vip.address, sport: 80, chunks: ["initAck"] });
	});
});

/** Chunks of the client (">") and of the backend ("<"), and the state behind them. */
const LIVES: readonly (readonly [
	string,
	readonly (readonly ["<" | ">", ...ChunkName[]])[],
	number,
])[] = [
	["INIT", [[">", "init"]], FLOW_SYN_SENT],
	[
		"an answer that the client did not confirm",
		[
			[">", "init"],
			["<", "initAck"],
		],
		FLOW_SYN_SENT,
	],
	[
		"INIT again after an answer",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "init"],
		],
		FLOW_SYN_SENT,
	],
	[
		"COOKIE ECHO",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho", "data"],
		],
		FLOW_ESTABLISHED,
	],
	[
		"INIT of an association that is restarted",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			[">", "init"],
		],
		FLOW_ESTABLISHED,
	],
	[
		"SHUTDOWN of the client",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			[">", "shutdown"],
		],
		FLOW_CLOSING,
	],
	[
		"SHUTDOWN of the backend, behind a SACK",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			["<", "sack", "shutdown"],
		],
		FLOW_CLOSING,
	],
	[
		"SHUTDOWN ACK",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			[">", "shutdown"],
			["<", "sack"],
			["<", "shutdownAck"],
		],
		FLOW_CLOSED,
	],
	[
		"SHUTDOWN COMPLETE",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			["<", "shutdownComplete"],
		],
		FLOW_CLOSED,
	],
	[
		"ABORT",
		[
			[">", "init"],
			["<", "abort"],
		],
		FLOW_CLOSED,
	],
	[
		"ABORT behind other chunks",
		[
			[">", "init"],
			["<", "initAck"],
			[">", "cookieEcho"],
			[">", "sack", "heartbeat", "abort"],
		],
		FLOW_CLOSED,
	],
];

forBothFamilies("an association", (family) => {
	for (const [name, packets, state] of LIVES) {
		test(`is as it should be after ${name}`, () => {
			const { vip, backend } = served(family);
			for (const [from, ...chunks] of packets) {
				if (from === ">") world().run("tc_ingress", "client", ofClient(family, vip, ...chunks));
				else world().run("tc_egress", "client", ofBackend(family, backend, ...chunks));
			}
			const states = world()
				.flows()
				.map(({ value }) => value.state);
			assert.deepEqual(states, [state, state]);
			assert.equal(world().control().half_open, state === FLOW_SYN_SENT ? 1n : 0n);
		});
	}

	test("that ended makes room for the next one of the same port", () => {
		const { vip, backend } = served(family);
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		world().run("tc_egress", "client", ofBackend(family, backend, "abort"));
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		const id = world().flow(FLOW_FORWARD).value.backend;
		assert.equal(world().flow(FLOW_FORWARD).value.state, FLOW_SYN_SENT);
		assert.equal(world().stats(id).connections, 2n);
		assert.equal(world().stats(id).closed, 1n);
	});

	test("that was silent for too long is forgotten, also while it ends", () => {
		for (const [state, seconds, isKept] of [
			[FLOW_ESTABLISHED, 200, true],
			[FLOW_ESTABLISHED, 220, false],
			[FLOW_CLOSING, 200, true],
			[FLOW_CLOSING, 220, false],
			[FLOW_CLOSED, 20, false],
		] as const) {
			world().reset();
			const { vip, backend } = served(family);
			world().run("tc_ingress", "client", ofClient(family, vip, "init"));
			for (const entry of world().flows()) {
				const lastSeen = entry.value.last_seen - BigInt(seconds) * 1000n;
				world().updateFlow(entry, { state, last_seen: lastSeen });
			}
			const data = ofClient(family, vip, "data");
			const sent = world().run("tc_ingress", "client", data).packet;
			assert.equal(decode(sent).dst, isKept ? backend.address : vip.address, `${state} ${seconds}`);
		}
	});

	test("goes on with a backend that left, and one that has not begun goes to another", () => {
		const { vip, backends } = endpoints(family, "sctp");
		const [first = vip, second = vip] = backends;
		const [id = 0, other = 0] = world().serve(vip, [first, second]);
		world().replaceSet(SERVICE, [id]);
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		world().run("tc_egress", "client", ofBackend(family, first, "initAck"));
		const echo = ofClient(family, vip, "cookieEcho");
		world().run("tc_ingress", "client", echo);
		world().run("tc_ingress", "client", toEndpoint(family, vip, { sport: 7, chunks: ["init"] }));
		world().removeBackend(id);
		world().replaceSet(SERVICE, [other]);
		const data = ofClient(family, vip, "data");
		assertPacket(world().run("tc_ingress", "client", data).packet, { dst: first.address });
		const again = toEndpoint(family, vip, { sport: 7, chunks: ["init"] });
		assertPacket(world().run("tc_ingress", "client", again).packet, { dst: second.address });
	});

	test("keeps a flow of its own beside a direct one of the same port", () => {
		const { backend, vip } = served(family);
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		const direct = world().run("tc_ingress", "client", ofClient(family, backend, "init"));
		assertPacket(direct.packet, { dst: backend.address, dport: backend.port });
		assert.notEqual(decode(direct.packet).sport, CLIENT_PORT);
		const flags = world()
			.flows()
			.map(({ value }) => value.flags & FlowFlag.FLOW_DIRECT);
		assert.equal(flags.filter(Boolean).length, 2);
		assert.equal(world().control().direct_seen[0], 0);
	});
});

/** What begins no association. */
const STRAY: readonly (readonly ChunkName[])[] = [
	["data"],
	["initAck"],
	["cookieEcho", "data"],
	["heartbeat"],
	["abort"],
	["shutdown"],
	["shutdownAck"],
	["data", "init"],
];

forBothFamilies("SCTP without a flow", (family) => {
	const { vip, backends } = endpoints(family, "sctp");

	for (const chunks of STRAY) {
		test(`is left alone when it is ${chunks.join(" and ")}`, () => {
			const stray = ofClient(family, vip, ...chunks);
			const isLeftAlone = (): void => {
				const result = world().run("tc_ingress", "client", stray);
				assert.equal(result.action, ACTION.pass);
				assert.deepEqual(result.packet, stray);
				assert.equal(world().flows().length, 0);
			};
			world().serve(vip, backends);
			isLeftAlone();
			world().reset();
			world().serve(vip, []);
			isLeftAlone();
			world().reset();
			world().addServiceAddress(vip.address);
			isLeftAlone();
			world().reset();
			world().addServiceCIDRs(family.isV6 ? "fd96::/108" : "10.96.0.0/16");
			isLeftAlone();
		});
	}

	test("is refused when it begins an association and there is no endpoint", () => {
		const refused = {
			src: vip.address,
			dst: CLIENT[family.at],
			proto: "icmp",
			icmp: family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 },
		};
		for (const size of [0, 1, 200]) {
			world().reset();
			world().serve(vip, []);
			const init = toEndpoint(family, vip, { payload: bytesOf(size) });
			for (const [program, device] of [
				["tc_ingress", "client"],
				["tc_egress", "uplink"],
			] as const) {
				const result = world().run(program, device, init);
				assert.equal(result.action, ACTION.redirect);
				const quote = { src: CLIENT[family.at], dst: vip.address, sport: CLIENT_PORT, dport: 80 };
				assertPacket(result.packet, { ...refused, quote });
				const quoted = quoteOf(init, (family.isV6 ? 40 : 20) + 40);
				assert.deepEqual(result.packet.slice(-quoted.length), quoted);
			}
			assert.equal(world().drops(DropReason.DROP_NO_ENDPOINT), 2);
		}
	});

	test("is refused when it begins one at another port of a Service's address", () => {
		world().addServiceAddress(vip.address);
		const result = world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		assertPacket(result.packet, { src: vip.address, proto: "icmp" });
		assert.equal(world().drops(DropReason.DROP_UNKNOWN_PORT), 1);
	});

	test("is dropped when it begins one at an address that no Service has", () => {
		world().addServiceCIDRs(family.isV6 ? "fd96::/108" : "10.96.0.0/16");
		const result = world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		assert.equal(result.action, ACTION.drop);
		assert.equal(world().drops(DropReason.DROP_UNKNOWN_ADDRESS), 1);
	});

	test("is nothing to a Service of another protocol at the port", () => {
		world().serve({ ...vip, proto: "tcp" }, backends);
		const init = ofClient(family, vip, "init");
		const result = world().run("tc_ingress", "client", init);
		assert.equal(result.action, ACTION.pass);
		assert.deepEqual(result.packet, init);
	});
});

forBothFamilies("fragments of SCTP", (family) => {
	const piece = (vip: Endpoint, from: number, to: number): Uint8Array =>
		toEndpoint(family, vip, {
			chunks: ["data"],
			payload: bytesOf(2000),
			fragment: { id: 77, from, to },
		});

	test("are translated while ports stay", () => {
		const { vip, backend } = served(family, true);
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		for (const [from, to] of [
			[0, 1400],
			[1400, 2016],
		] as const) {
			const fragment = piece(vip, from, to);
			const sent = world().run("tc_ingress", "client", fragment).packet;
			assertPacket(sent, { dst: backend.address });
			const behind = l4Of(family) + (family.isV6 ? 8 : 0);
			assert.deepEqual(sent.slice(behind), fragment.slice(behind));
		}
	});

	test("are dropped by name when a port would change: none of them has the whole message", () => {
		const { vip } = served(family);
		world().run("tc_ingress", "client", ofClient(family, vip, "init"));
		for (const [from, to] of [
			[0, 1400],
			[1400, 2016],
		] as const) {
			const result = world().run("tc_ingress", "client", piece(vip, from, to));
			assert.equal(result.action, ACTION.drop);
		}
		assert.equal(world().drops(DropReason.DROP_FRAGMENT), 2);
	});
});

forBothFamilies("an ICMP error about SCTP", (family) => {
	const icmp = family.isV6 ? { type: 1, code: 4, info: 0 } : { type: 3, code: 3, info: 0 };

	for (const l4 of [8, 12, 28, 2000]) {
		test(`quotes what the client sent, as far as ${l4} bytes go`, () => {
			const { vip, backend } = served(family);
			world().run("tc_ingress", "client", ofClient(family, vip, "init"));
			const data = toEndpoint(family, vip, { chunks: ["data"], payload: bytesOf(1200) });
			const sent = world().run("tc_ingress", "client", data).packet;
			const cut = (family.isV6 ? 40 : 20) + l4;
			const quote = quoteOf(sent, cut);
			const src = backend.address;
			const error = icmpError({ src, dst: CLIENT[family.at], ...icmp, quote });
			const flags = CHECKSUM_COMPLETE_IF_KNOWN;
			const received = world().run("tc_egress", "client", error, { flags }).packet;
			assertPacket(received, { src: vip.address, dst: CLIENT[family.at], icmp });
			assert.deepEqual(received.slice(-quote.length), quoteOf(data, cut));
		});
	}
});

describe("SCTP on its way without the stack", () => {
	forBothFamilies("and cut by the device", (family) => {
		test("is not measured by the size of all its parts", () => {
			world().set({ forwarding: Forwarding.FORWARDING_REDIRECT });
			const { vip, backend } = served(family);
			world().run("tc_ingress", "client", ofClient(family, vip, "init"));
			const payload = bytesOf(2 * UPLINK_MTU);
			const noChecksum = true;
			const large = toEndpoint(family, vip, { chunks: ["data"], payload, noChecksum });
			const gsoSize = 0xffff;
			const sent = world().run("tc_ingress", "client", large, { gsoSize });
			assert.equal(sent.action, ACTION.redirect);
			assertPacket(sent.packet, { dst: backend.address, dport: 8080, ttl: 63 });
			assert.equal(world().flow(FLOW_REPLY).value.sport, 80);
			const refused = world().run("tc_ingress", "client", large);
			assert.equal(world().drops(DropReason.DROP_TOO_BIG), 1);
			assertPacket(refused.packet, { proto: "icmp" });
		});
	});
});
