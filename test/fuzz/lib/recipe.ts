/** How likely which cases are. fast-check shrinks them. */
import fc from "fast-check";
import {
	BACKENDS,
	BRIDGED,
	BRIDGED_CLIENT,
	CLIENT,
	type DeviceName,
	OUTSIDE,
	OVERLAY,
	type Pair,
	POD_MTU,
	REMOTE,
	UPLINK_MTU,
} from "../../bpf/lib/topology.ts";
import type { Case, Extension, Fragment, Handling, Recipe, Step } from "./case.ts";
import { BACKEND_PORT, FRONTEND_PORT, NODE, ROLES } from "./place.ts";
import type { Mode } from "./situation.ts";

/** Each value as often as its number says. */
function often<T>(...choices: readonly (readonly [number, T])[]): fc.Arbitrary<T> {
	return fc.constantFrom(...choices.flatMap(([weight, value]) => new Array<T>(weight).fill(value)));
}

const MARTIANS: readonly Pair[] = [
	["127.0.0.1", "::1"],
	["0.0.0.0", "::"],
	["224.0.0.1", "ff02::1"],
	["255.255.255.255", "fe80::1"],
	["10.96.0.1", "fd96::1"],
];
const PEERS: readonly Pair[] = [
	CLIENT,
	OUTSIDE,
	BRIDGED_CLIENT,
	NODE,
	...BACKENDS,
	BRIDGED,
	OVERLAY,
	REMOTE,
];

const source = often<Pair>(
	[14, CLIENT],
	[4, OUTSIDE],
	[4, BRIDGED_CLIENT],
	[4, NODE],
	...[...PEERS, ...MARTIANS].map((pair) => [1, pair] as const),
);
const destination = often<Pair>(
	...ROLES.map(({ vip }, i) => [i === 0 || i === 9 ? 8 : 4, vip] as const),
	...BACKENDS.map((pair) => [4, pair] as const),
	...[...PEERS, ...MARTIANS].map((pair) => [1, pair] as const),
);
const port = fc.oneof(
	{ weight: 12, arbitrary: often([8, 40000], [3, 40001], [1, 61001], [1, 0], [1, FRONTEND_PORT]) },
	{ weight: 1, arbitrary: fc.nat(0xffff) },
);
const targetPort = often([40, FRONTEND_PORT], [12, BACKEND_PORT], [1, 0], [1, 443], [1, 65535]);
const flags = fc.oneof(
	{ weight: 8, arbitrary: often([6, 0x02], [4, 0x10], [2, 0x12], [2, 0x11], [1, 0x04], [1, 0x14]) },
	{ weight: 1, arbitrary: fc.nat(0xff) },
);
/** Payloads of packets as big as the MTU allows, and a byte above. */
const LIMITS = [POD_MTU, UPLINK_MTU].flatMap((mtu) =>
	[28, 40, 48, 60].flatMap((headers) => [mtu - headers, mtu - headers + 1]),
);
const payload = fc.oneof(
	{ weight: 10, arbitrary: fc.nat(64) },
	{ weight: 1, arbitrary: fc.constantFrom(...LIMITS) },
	{ weight: 1, arbitrary: fc.integer({ min: 1380, max: 1520 }) },
	{ weight: 1, arbitrary: fc.integer({ min: 1520, max: 3000 }) },
);
const extension: fc.Arbitrary<Extension> = fc
	.record({
		type: often([4, 0], [4, 60], [3, 43], [2, 44], [1, 51], [1, 135], [1, 59]),
		has: often([6, 0], [2, 1], [1, 2], [1, 8], [1, 28]),
		lies: often([8, 0], [1, 1], [1, 17], [1, 254]),
	})
	.map(({ type, has, lies }) => ({ type, has, says: (has + lies) & 255 }));
const fragment = fc.record({
	id: fc.nat(2),
	offset: often([4, 0], [3, 1], [2, 64], [1, 0x1000], [1, 0x1fff]),
	more: fc.boolean(),
});

/** Most are what they were without it: every field strange at once would reach nothing. */
const seldom = <T>(value: fc.Arbitrary<T>, usual: T, freq = 7): fc.Arbitrary<T> =>
	fc.oneof({ weight: freq, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: value });

const recipe: fc.Arbitrary<Recipe> = fc.record({
	at: fc.constantFrom(0 as const, 1 as const),
	src: source,
	dst: destination,
	proto: often([10, 6], [10, 17], [8, 132], [1, 1], [1, 58], [1, 47], [1, 59]),
	sport: port,
	dport: targetPort,
	flags,
	payload,
	ttl: often([20, 64], [1, 0], [1, 1], [1, 2], [1, 255]),
	options: seldom(fc.nat(10), 0),
	extensions: seldom(fc.array(extension, { minLength: 1, maxLength: 6 }), []),
	fragment: seldom<Fragment | null>(fragment, null, 4),
	mayFragment: seldom(fc.constant(true), false, 4),
	vlan: seldom(fc.constant(true), false, 30),
	wrongBy: seldom(fc.integer({ min: 1, max: 0xfffe }), 0, 10),
	noChecksum: seldom(fc.constant(true), false, 15),
});

const handling: fc.Arbitrary<Handling> = fc.record({
	device: often<DeviceName>(
		[8, "client"],
		[3, "port"],
		[4, "uplink"],
		[2, "lo"],
		[2, "backend"],
		[2, "overlay"],
		[1, "bridge"],
	),
	hook: often<"ingress" | "egress">([3, "ingress"], [2, "egress"]),
	fromNode: often([3, true], [1, false]),
	gsoSize: seldom(often([1, 100], [1, 1400], [1, 1500], [1, 65000]), 0, 15),
	complete: fc.boolean(),
	cut: seldom<number | null>(fc.nat(140), null, 12),
	mutations: seldom(
		fc.array(fc.record({ at: fc.nat(120), value: fc.nat(255) }), { minLength: 1, maxLength: 3 }),
		[],
		6,
	),
});

const PLAIN: Omit<Handling, "device"> = {
	hook: "ingress",
	fromNode: true,
	gsoSize: 0,
	complete: true,
	cut: null,
	mutations: [],
};

const follower = { of: fc.nat(7), recipe, handling, samePlace: often([3, true], [1, false]) };

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ kind: fc.constant("packet" as const), recipe, handling }) },
	{ weight: 8, arbitrary: fc.record({ kind: fc.constant("again" as const), ...follower }) },
	{ weight: 8, arbitrary: fc.record({ kind: fc.constant("reply" as const), ...follower }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant("direct" as const), ...follower }) },
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant("rival" as const),
			...follower,
			recipe: fc
				.tuple(recipe, often([1, 0], [2, 4], [1, 5], [2, 9]))
				.map(([any, i]) => ({ ...any, dst: ROLES[i]?.vip ?? any.dst, dport: FRONTEND_PORT })),
		}),
	},
	{
		weight: 5,
		arbitrary: fc.record({
			kind: fc.constant("error" as const),
			type: often([4, 3], [3, 1], [2, 2], [2, 11], [3, 5], [1, 12], [1, 4], [1, 0], [1, 137]),
			code: fc.nat(5),
			quoted: often([3, 2000], [2, 48], [2, 28], [1, 64], [1, 24], [1, 43], [1, 0]),
			fromOutside: fc.boolean(),
			ttl: often([8, 64], [1, 1]),
			...follower,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({
			kind: fc.constant("bytes" as const),
			bytes: fc.uint8Array({ minLength: 0, maxLength: 200 }),
			type: often([2, 0x0800], [2, 0x86dd], [1, 0x0806], [1, 0x8100], [1, 0x0100]),
			handling,
		}),
	},
	{ weight: 1, arbitrary: fc.constant({ kind: "forget" as const }) },
	{
		weight: 2,
		arbitrary: fc.record({
			kind: fc.constant("leave" as const),
			of: fc.nat(7),
			backend: fc.nat(35),
		}),
	},
);

/** A packet that a client would send, for the others to follow up on. */
const opening: fc.Arbitrary<Step> = fc
	.record({
		recipe,
		vip: fc.constantFrom(...ROLES.map(({ vip }) => vip)),
		proto: fc.constantFrom(6, 17, 132),
		device: often<DeviceName>([4, "client"], [1, "port"], [1, "uplink"]),
		fragment: often<Fragment | null>([4, null], [1, { id: 1, offset: 0, more: true }]),
	})
	.map(({ recipe: any, vip, proto, device, fragment: piece }) => ({
		kind: "packet",
		recipe: {
			...any,
			...{ src: CLIENT, dst: vip, proto, sport: 40000, dport: FRONTEND_PORT },
			...{ flags: 2, fragment: piece },
		},
		handling: { ...PLAIN, device },
	}));

/** A few packets that meet each other's flows, and how the node is set up for them. */
export const anyCase: fc.Arbitrary<Case> = fc.record({
	mode: often<Mode>([2, "stack"], [3, "redirect"], [2, "auto"]),
	nodeAddress: seldom(fc.constant(false), true),
	onePort: seldom(fc.constant(true), false, 3),
	halfOpenMax: seldom(fc.constant(1), 0),
	steps: fc
		.tuple(
			fc.array(opening, { maxLength: 1 }),
			fc.array(step, { minLength: 1, maxLength: 10, size: "max" }),
		)
		.map(([first, rest]) => [...first, ...rest]),
});
