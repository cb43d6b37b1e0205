/**
 * Seeds for native/datapath.c: rows of packets that make flows and meet them, as the headers and the
 * services of that file want them.
 */
import type { Pair } from "../../bpf/lib/topology.ts";
import { addressBytes } from "../../lib/packet-bytes.ts";
import { buildFrame, errorFrame } from "./build-frame.ts";
import type { Fragment, Recipe } from "./case.ts";
import { SCTP, TCP, UDP } from "./parse-frame.ts";

/** enum how. */
const HOW = { egress: 1, forwarded: 2, stack: 4, redirect: 8, events: 16, noNode: 128 } as const;
/** enum sender. */
const SENDER = { known: 1, connected: 2, direct: 4 } as const;

const CLIENT: Pair = ["10.1.0.10", "fd01::a"];
const BACKEND: Pair = ["10.1.0.20", "fd01::14"];
/** Its tombstone is there. */
const LEFT: Pair = ["10.1.0.29", "fd01::1d"];
const EMPTY: Pair = ["10.150.0.1", "fd96::1"];
const VIP: Pair = ["10.150.0.2", "fd96::2"];
const WIDE: Pair = ["10.150.0.4", "fd96::4"];

interface Setting {
	readonly how?: number;
	readonly device?: number;
	/** Bytes in the linear part. */
	readonly linear?: number;
	readonly route?: number;
	readonly limit?: number;
	readonly socket?: number;
}

/** A packet behind its header. */
function packetOf(frame: Uint8Array, setting: Setting): Uint8Array {
	const {
		how = HOW.redirect,
		device = 1,
		linear = 255,
		route = 0,
		limit = 0,
		socket = 0,
	} = setting;
	const header = [how, device, linear, route, frame.length & 255, frame.length >> 8, limit, socket];
	return Uint8Array.from([...header, ...frame]);
}

interface Flow {
	readonly at: 0 | 1;
	readonly proto: 6 | 17 | 132;
	readonly setting: Setting;
	readonly vip?: Pair;
}

function frameOf({ at, proto }: Flow, changes: Partial<Recipe>): Uint8Array {
	return buildFrame({
		at,
		src: CLIENT,
		dst: VIP,
		proto,
		sport: 40000,
		dport: 80,
		flags: 2,
		payload: 20,
		ttl: 64,
		options: 0,
		extensions: [],
		fragment: null,
		mayFragment: false,
		vlan: false,
		wrongBy: 0,
		noChecksum: false,
		...changes,
	});
}

/** The backend's SYN-ACK. */
function answerOf(flow: Flow): Uint8Array {
	return frameOf(flow, { src: BACKEND, dst: CLIENT, sport: 8080, dport: 40000, flags: 0x12 });
}

/** Request, answer, an error about either, fragments, and the end. */
function conversation(flow: Flow): Uint8Array {
	const { at, setting } = flow;
	const dst = flow.vip ?? VIP;
	const request = (changes: Partial<Recipe> = {}): Uint8Array =>
		packetOf(frameOf(flow, { dst, ...changes }), setting);
	const piece = (offset: number, more: boolean): Fragment => ({ id: 7, offset, more });
	const answer = answerOf(flow);
	const quote = frameOf(flow, { src: CLIENT, dst: BACKEND, dport: 8080 }).slice(14);
	const ends = { src: addressBytes(BACKEND[at]), dst: addressBytes(CLIENT[at]) };
	const error = errorFrame(ends, { type: at === 0 ? 3 : 1, code: 3, ttl: 64 }, quote);
	const replied = frameOf(flow, { src: dst, dst: CLIENT, sport: 80, dport: 40000 }).slice(14);
	const back = errorFrame(
		{ src: addressBytes(CLIENT[at]), dst: addressBytes(dst[at]) },
		{ type: at === 0 ? 11 : 3, code: 0, ttl: 64 },
		replied,
	);
	const replies = [
		{ ...setting, device: 2 },
		{ ...setting, how: HOW.egress | HOW.forwarded },
	];
	return Buffer.concat([
		request(),
		...replies.map((each) => packetOf(answer, each)),
		request({ flags: 0x10, options: 3, extensions: [{ type: 60, has: 0, says: 0 }] }),
		...replies.map((each) => packetOf(error, each)),
		packetOf(back, setting),
		request({ fragment: piece(0, true) }),
		request({ fragment: piece(8, false) }),
		request({ ttl: 1 }),
		request({ payload: 1450 }),
		request({ flags: 0x04 }),
		request(),
	]);
}

/** A connection to the backend itself beside the service's, before and after the service's ends. */
function direct(flow: Flow): Uint8Array {
	const beside = packetOf(frameOf(flow, { dst: BACKEND, dport: 8080 }), flow.setting);
	const end = packetOf(frameOf(flow, { flags: 4 }), flow.setting);
	const begin = packetOf(frameOf(flow, {}), flow.setting);
	return Buffer.concat([begin, beside, beside, end, beside, begin]);
}

function refused(flow: Flow): Uint8Array {
	const packet = (changes: Partial<Recipe>): Uint8Array =>
		packetOf(frameOf(flow, { dst: EMPTY, ...changes }), flow.setting);
	return Buffer.concat([packet({}), packet({ payload: 0 }), packet({ payload: 900, options: 10 })]);
}

/** Of the node itself: by another device's address, and to an endpoint that left. */
function fromNode(flow: Flow): Uint8Array {
	const out: Setting = {
		how: HOW.egress | HOW.redirect,
		device: 3,
		route: 4,
		socket: SENDER.known,
	};
	const left = { dst: LEFT, dport: 8080 };
	const socket = SENDER.known | SENDER.connected;
	const answer = answerOf(flow);
	return Buffer.concat([
		packetOf(frameOf(flow, {}), out),
		packetOf(answer, { ...flow.setting, device: 3 }),
		packetOf(frameOf(flow, left), { ...out, socket }),
		packetOf(frameOf(flow, left), { ...flow.setting, socket }),
		packetOf(frameOf(flow, { dst: BACKEND, dport: 8080 }), { ...out, socket: SENDER.known }),
		packetOf(frameOf(flow, {}), { ...flow.setting, socket: SENDER.known | SENDER.direct }),
	]);
}

const SETTINGS: readonly Setting[] = [
	{},
	{ how: HOW.stack },
	{ how: HOW.redirect | HOW.events, linear: 14 },
	{ device: 2, route: 4 },
	{ device: 3, route: 1, how: HOW.events },
	{ how: HOW.redirect, limit: 3 },
	{ how: HOW.redirect | HOW.noNode, device: 3, linear: 30 },
	{ route: 2 },
];

/** Made while the flow table is full, and then there is room. */
function crowded(flow: Flow): Uint8Array {
	const full = { ...flow.setting, limit: 1 };
	const answer = answerOf(flow);
	return Buffer.concat([
		packetOf(frameOf(flow, {}), full),
		packetOf(answer, { ...full, device: 2 }),
		packetOf(answer, { ...full, how: HOW.egress | HOW.forwarded }),
		packetOf(frameOf(flow, { flags: 0x10 }), flow.setting),
		packetOf(frameOf(flow, { flags: 0x10 }), flow.setting),
	]);
}

/** In a bridge, whose neighbour is not known at first. */
function bridged(flow: Flow): Uint8Array {
	const inBridge = { ...flow.setting, device: 2 };
	const packet = frameOf(flow, {});
	return Buffer.concat([5, 5, 4, 4].map((route) => packetOf(packet, { ...inBridge, route })));
}

/** Each kind of row, in both families and protocols, in every setting. */
export function corpus(): Uint8Array[] {
	const flows = ([0, 1] as const).flatMap((at) =>
		([TCP, UDP, SCTP] as const).flatMap((proto) =>
			SETTINGS.map((setting) => ({ at, proto, setting })),
		),
	);
	return flows.flatMap((flow) => [
		conversation(flow),
		conversation({ ...flow, vip: WIDE }),
		direct(flow),
		refused(flow),
		fromNode(flow),
		crowded(flow),
		bridged(flow),
	]);
}
