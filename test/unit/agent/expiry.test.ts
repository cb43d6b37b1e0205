import assert from "node:assert/strict";
import { test } from "node:test";
import { Expiry, inUseIndex, type PassResult } from "../../../src/agent/expiry.ts";
import { fakeMap, MAP_TYPE } from "../../../src/dataplane/fake.ts";
import type { MapPort } from "../../../src/dataplane/port.ts";
import {
	Control,
	Flow,
	FlowDirection,
	FlowFlag,
	FlowHook,
	FlowKey,
	FlowState,
	InUse,
	Settings,
} from "../../../src/layout/structs.ts";
import { addressToBytes } from "../../../src/model/address-bytes.ts";
import type { Family } from "../../../src/model/objects.ts";

const TCP = 6;
const UDP = 17;
const SCTP = 132;

class World {
	now = 10_000n;
	readonly flows = fakeMap({
		name: "flows",
		type: MAP_TYPE.HASH,
		keySize: FlowKey.SIZE,
		valueSize: Flow.SIZE,
		maxEntries: 4096,
	});
	readonly overflow = fakeMap({
		name: "overflow",
		type: MAP_TYPE.LRU_HASH,
		keySize: FlowKey.SIZE,
		valueSize: Flow.SIZE,
		maxEntries: 4096,
	});
	readonly control = array("control", Control.SIZE);
	readonly settings = array("settings", Settings.SIZE);
	readonly reaped: number[] = [];
	seen = 0;
	ended = 0;
	expiry = this.#start();

	/** The agent starts again, and finds a control map that is new. */
	restart(): void {
		new Uint8Array(this.control.memory()).fill(0);
		this.expiry = this.#start();
	}

	#start(): Expiry {
		return new Expiry({
			...{ flows: this.flows, overflow: this.overflow },
			...{ control: this.control, settings: this.settings },
			now: () => this.now,
			observe: () => ({
				see: (_keys, _values, count) => {
					this.seen += count;
				},
				end: () => {
					this.ended++;
				},
			}),
			reap: (keys, count) => {
				for (let i = 0; i < count; i++) {
					const key = keys.slice(i * FlowKey.SIZE, (i + 1) * FlowKey.SIZE);
					this.reaped.push(FlowKey.decode(new DataView(key.buffer), 0).sport);
					this.flows.delete(key);
					this.overflow.delete(key);
				}
				return count;
			},
		});
	}

	constructor() {
		const timeouts = new BigUint64Array(this.settings.memory(), 0, 8);
		// syn, established, closing, closed, udp, udp stream, icmp, sctp
		timeouts.set([100n, 8000n, 500n, 200n, 300n, 1000n, 50n, 700n]);
	}

	add(
		sport: number,
		fields: {
			proto?: number;
			state?: number;
			family?: Family;
			idle?: bigint;
			flags?: number;
			hook?: FlowHook;
			direction?: FlowDirection;
			map?: MapPort;
		},
	): void {
		const { proto = TCP, state = FlowState.FLOW_ESTABLISHED, idle = 0n, flags = 0 } = fields;
		const { hook = FlowHook.HOOK_INGRESS, direction = FlowDirection.FLOW_REPLY } = fields;
		const key = new Uint8Array(FlowKey.SIZE);
		const address = addressToBytes(fields.family === "IPv4" ? "10.0.0.1" : "fd00::1");
		const tuple = { src: address, dst: address, sport, dport: 80 };
		FlowKey.encode({ ...tuple, proto, direction }, new DataView(key.buffer), 0);
		const value = new Uint8Array(Flow.SIZE);
		const view = new DataView(value.buffer);
		view.setUint8(Flow.OFFSET.state, state);
		view.setUint8(Flow.OFFSET.flags, flags);
		view.setUint8(Flow.OFFSET.hook, hook);
		view.setBigUint64(Flow.OFFSET.last_seen, this.now - idle, true);
		(fields.map ?? this.flows).update(key, value);
	}

	word(offset: number): number {
		return new DataView(this.control.memory()).getUint32(offset, true);
	}

	setWord(offset: number, value: InUse): void {
		new DataView(this.control.memory()).setUint32(offset, value, true);
	}

	/** A whole pass; what it saw. */
	wholePass(): PassResult {
		for (;;) {
			const result = this.expiry.step();
			if (result !== undefined) return result;
		}
	}

	/** A whole pass; the number of steps it took. */
	pass(): number {
		for (let steps = 1; ; steps++) if (this.expiry.step() !== undefined) return steps;
	}
}

function array(name: string, valueSize: number): MapPort {
	return fakeMap({ name, type: MAP_TYPE.ARRAY, keySize: 4, valueSize, maxEntries: 1, flags: 1024 });
}

test("a pass counts what it deleted by family", () => {
	const world = new World();
	for (const sport of [1, 2]) world.add(sport, { family: "IPv4", idle: 9000n });
	world.add(3, { family: "IPv6", idle: 9000n });
	world.add(4, { family: "IPv6" });
	const { flows, deleted } = world.wholePass();
	assert.deepEqual({ flows, deleted }, { flows: 4, deleted: { IPv4: 2, IPv6: 1 } });
});

test("only flows past the timeout of their own state are handed to the reaper", () => {
	const world = new World();
	world.add(1, { state: FlowState.FLOW_SYN_SENT, idle: 101n });
	world.add(2, { state: FlowState.FLOW_SYN_SENT, idle: 100n });
	world.add(3, { idle: 7999n });
	world.add(4, { state: FlowState.FLOW_CLOSING, idle: 501n });
	world.add(5, { state: FlowState.FLOW_CLOSED, idle: 201n });
	world.add(6, { proto: UDP, state: FlowState.FLOW_SYN_SENT, idle: 301n });
	world.add(7, { proto: UDP, idle: 301n });
	world.add(8, { proto: UDP, idle: 1001n });
	world.add(9, { proto: 1, idle: 51n });
	world.add(11, { proto: SCTP, state: FlowState.FLOW_SYN_SENT, idle: 101n });
	world.add(12, { proto: SCTP, idle: 700n });
	world.add(13, { proto: SCTP, idle: 701n });
	world.add(14, { proto: SCTP, state: FlowState.FLOW_CLOSING, idle: 700n });
	world.add(15, { proto: SCTP, state: FlowState.FLOW_CLOSING, idle: 701n });
	world.add(16, { proto: SCTP, state: FlowState.FLOW_CLOSED, idle: 201n });
	// Refreshed by a packet after "now" was read.
	world.add(10, { state: FlowState.FLOW_SYN_SENT, idle: -5n });
	world.pass();
	assert.deepEqual(
		world.reaped.sort((a, b) => a - b),
		[1, 4, 5, 6, 8, 9, 11, 13, 15, 16],
	);
});

test("a pass over a large table takes many small steps and shows every flow to the observer", () => {
	const world = new World();
	for (let port = 1; port <= 3000; port++) world.add(port, {});
	assert.ok(world.pass() > 4);
	assert.equal(world.seen, 3000);
	assert.equal(world.ended, 1);
	assert.deepEqual(world.reaped, []);
});

/** What a program does when it stores such an entry. */
function store(world: World, word: number, fields: Parameters<World["add"]>[1], port = 1): void {
	world.add(port, fields);
	world.setWord(word, InUse.IN_USE);
}

const { flows_in_use, overflow_in_use, direct_in_use } = Control.OFFSET;
const wordOf = (direction: FlowDirection, hook: FlowHook): number =>
	flows_in_use + 4 * inUseIndex(direction, hook);
const INGRESS = wordOf(FlowDirection.FLOW_REPLY, FlowHook.HOOK_INGRESS);
const EGRESS = wordOf(FlowDirection.FLOW_REPLY, FlowHook.HOOK_EGRESS);
const REQUESTS = wordOf(FlowDirection.FLOW_FORWARD, FlowHook.HOOK_INGRESS);

/** A world whose passes have found nothing: no word says that anything is in use. */
function idleWorld(): World {
	const world = new World();
	world.pass();
	world.pass();
	return world;
}

test("an agent that starts over flows has the programs look everywhere until two passes found none", () => {
	const world = new World();
	world.add(1, { state: FlowState.FLOW_CLOSED, idle: 201n });
	world.add(2, { state: FlowState.FLOW_CLOSED, idle: 201n, map: world.overflow });
	world.restart();
	const words = [INGRESS, EGRESS, REQUESTS, overflow_in_use, direct_in_use];
	const read = () => words.map((word) => world.word(word));
	assert.deepEqual(read(), Array(5).fill(InUse.IN_USE));
	for (let i = 0; i < 3; i++) world.pass();
	assert.deepEqual(read(), Array(5).fill(InUse.IN_USE_NOT));
	assert.deepEqual(new World().word(INGRESS), InUse.IN_USE_NOT, "without flows");
});

test("overflow is walked while it is in use, and given up when two passes find it empty", () => {
	const world = idleWorld();
	const inOverflow = { map: world.overflow, idle: 9000n };
	world.add(1, inOverflow);
	world.pass();
	assert.deepEqual(world.reaped, [], "not in use: not looked at");
	store(world, overflow_in_use, inOverflow);
	world.pass();
	assert.deepEqual(world.reaped, [1]);
	assert.equal(world.word(overflow_in_use), InUse.IN_USE, "that pass found something");
	world.pass();
	assert.notEqual(world.word(overflow_in_use), InUse.IN_USE_NOT);
	world.pass();
	assert.equal(world.word(overflow_in_use), InUse.IN_USE_NOT);
});

test("direct flows keep their word until none is left", () => {
	const world = idleWorld();
	const flags = FlowFlag.FLOW_DIRECT;
	store(world, direct_in_use, { flags, state: FlowState.FLOW_CLOSED, idle: 201n });
	world.pass();
	assert.equal(world.word(direct_in_use), InUse.IN_USE);
	world.pass();
	world.pass();
	assert.equal(world.word(direct_in_use), InUse.IN_USE_NOT);
});

test("replies are looked for only at the hooks where flows undo them", () => {
	const world = idleWorld();
	store(world, EGRESS, { hook: FlowHook.HOOK_EGRESS });
	store(world, REQUESTS, { direction: FlowDirection.FLOW_FORWARD });
	world.setWord(INGRESS, InUse.IN_USE);
	for (let i = 0; i < 3; i++) world.pass();
	assert.equal(world.word(EGRESS), InUse.IN_USE);
	assert.equal(world.word(REQUESTS), InUse.IN_USE);
	assert.equal(world.word(INGRESS), InUse.IN_USE_NOT);
});

/** Steps of a pass over 2000 entries. */
const STEPS = 4;

for (let at = 0; at < STEPS; at++) {
	test(`a flow stored behind step ${at} of a pass that finds nothing else keeps its word`, () => {
		const world = idleWorld();
		for (let port = 1; port <= 2000; port++) {
			world.add(port, { state: FlowState.FLOW_CLOSED, idle: 201n, hook: FlowHook.HOOK_EGRESS });
		}
		world.setWord(INGRESS, InUse.IN_USE_CHECKED);
		for (let step = 0; step < at; step++) assert.equal(world.expiry.step(), undefined);
		// Where the walk has been already: this pass does not see the entry.
		world.setWord(INGRESS, InUse.IN_USE);
		world.pass();
		assert.notEqual(world.word(INGRESS), InUse.IN_USE_NOT);
		world.add(60_000, {});
		for (let i = 0; i < 3; i++) world.pass();
		assert.notEqual(world.word(INGRESS), InUse.IN_USE_NOT);
	});
}
