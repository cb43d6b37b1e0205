import assert from "node:assert/strict";
import { test } from "node:test";
import { Expiry } from "../../../src/agent/expiry.ts";
import { fakeMap, MAP_TYPE } from "../../../src/dataplane/fake.ts";
import type { MapPort } from "../../../src/dataplane/port.ts";
import {
	Control,
	Flow,
	FlowDirection,
	FlowFlag,
	FlowKey,
	FlowState,
	Settings,
} from "../../../src/layout/structs.ts";

const TCP = 6;
const UDP = 17;

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
	readonly expiry = new Expiry({
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

	constructor() {
		const timeouts = new BigUint64Array(this.settings.memory(), 0, 8);
		// syn, established, closing, closed, udp, udp stream, icmp
		timeouts.set([100n, 8000n, 500n, 200n, 300n, 1000n, 50n]);
	}

	add(
		sport: number,
		fields: { proto?: number; state?: number; idle?: bigint; flags?: number; map?: MapPort },
	): void {
		const { proto = TCP, state = FlowState.FLOW_ESTABLISHED, idle = 0n, flags = 0 } = fields;
		const key = new Uint8Array(FlowKey.SIZE);
		const address = new Uint8Array(16);
		const tuple = { src: address, dst: address, sport, dport: 80 };
		FlowKey.encode(
			{ ...tuple, proto, direction: FlowDirection.FLOW_FORWARD },
			new DataView(key.buffer),
			0,
		);
		const value = new Uint8Array(Flow.SIZE);
		const view = new DataView(value.buffer);
		view.setUint8(Flow.OFFSET.state, state);
		view.setUint8(Flow.OFFSET.flags, flags);
		view.setBigUint64(Flow.OFFSET.last_seen, this.now - idle, true);
		(fields.map ?? this.flows).update(key, value);
	}

	word(offset: number): number {
		return new DataView(this.control.memory()).getUint32(offset, true);
	}

	setWord(offset: number): void {
		new DataView(this.control.memory()).setUint32(offset, 1, true);
	}

	/** A whole pass; the number of steps it took. */
	pass(): number {
		for (let steps = 1; ; steps++) if (this.expiry.step() !== undefined) return steps;
	}
}

function array(name: string, valueSize: number): MapPort {
	return fakeMap({ name, type: MAP_TYPE.ARRAY, keySize: 4, valueSize, maxEntries: 1, flags: 1024 });
}

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
	// Refreshed by a packet after "now" was read.
	world.add(10, { state: FlowState.FLOW_SYN_SENT, idle: -5n });
	world.pass();
	assert.deepEqual(
		world.reaped.sort((a, b) => a - b),
		[1, 4, 5, 6, 8, 9],
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

test("overflow is walked while it is in use, and given up when a pass finds it empty", () => {
	const world = new World();
	world.add(1, { map: world.overflow, idle: 9000n });
	world.pass();
	assert.deepEqual(world.reaped, [], "not in use: not looked at");
	world.setWord(Control.OFFSET.overflow_in_use);
	world.pass();
	assert.deepEqual(world.reaped, [1]);
	assert.equal(world.word(Control.OFFSET.overflow_in_use), 1, "that pass found something");
	world.pass();
	assert.equal(world.word(Control.OFFSET.overflow_in_use), 0);
});

test("a flow that came into overflow just when its word was cleared is found by the next pass", () => {
	const world = new World();
	world.setWord(Control.OFFSET.overflow_in_use);
	world.pass();
	world.add(1, { map: world.overflow });
	world.pass();
	assert.equal(world.word(Control.OFFSET.overflow_in_use), 1);
});

test("direct flows keep their word until none is left", () => {
	const world = new World();
	world.setWord(Control.OFFSET.direct_in_use);
	world.add(1, { flags: FlowFlag.FLOW_DIRECT, state: FlowState.FLOW_CLOSED, idle: 201n });
	world.pass();
	assert.equal(world.word(Control.OFFSET.direct_in_use), 1);
	world.pass();
	assert.equal(world.word(Control.OFFSET.direct_in_use), 0);
});
