/**
 * Walks the flow tables in small steps and has the reaper delete what is past its timeout. The
 * programs do not depend on it: they treat an expired entry as absent.
 */

import type { MapPort } from "../dataplane/port.ts";
import { Control, Flow, FlowKey, FlowState, Timeout } from "../layout/structs.ts";

export interface ExpiryPorts {
	readonly flows: MapPort;
	readonly overflow: MapPort;
	readonly control: MapPort;
	readonly settings: MapPort;
	/** The kernel's jiffies now. */
	readonly now: () => bigint;
	/** Told of every entry of a pass; asked for at its begin. */
	readonly observe: () => FlowObserver;
	/** Deletes what is expired among `count` keys; returns the entries deleted. */
	readonly reap: (keys: Uint8Array, count: number) => number;
}

export interface FlowObserver {
	/** Takes note of the first `count` entries of a page. */
	see(keys: Uint8Array, values: Uint8Array, count: number): void;
	/** The pass is over: all flows were seen. */
	end(): void;
}

/** What a whole pass over the tables saw. */
export interface PassResult {
	/** Entries, both directions counted. */
	readonly flows: number;
	readonly overflow: number;
	readonly deleted: number;
}

/** Entries read in one step: about a millisecond. */
const STEP_ENTRIES = 512;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const FLOW_DIRECT = 4;
const { OFFSET } = Flow;
const PROTO_AT = 36;

interface Walk {
	table: "flows" | "overflow";
	cursor: Uint8Array | undefined;
	flows: number;
	overflow: number;
	deleted: number;
	direct: boolean;
	readonly observer: FlowObserver;
}

export class Expiry {
	readonly #ports: ExpiryPorts;
	#walk: Walk | undefined;
	/** A pass that found overflow (or direct flows) empty cleared its word; the next one checks again. */
	#overflowCleared = false;
	#directCleared = false;

	constructor(ports: ExpiryPorts) {
		this.#ports = ports;
	}

	/** Goes one step; the result of the pass when that was its last step. */
	step(): PassResult | undefined {
		this.#walk ??= newWalk(this.#ports.observe());
		const walk = this.#walk;
		const map = walk.table === "flows" ? this.#ports.flows : this.#ports.overflow;
		const page = map.lookupBatch(walk.cursor, STEP_ENTRIES);
		this.#look(walk, page.keys, page.values, page.count);
		walk.cursor = page.cursor;
		if (page.cursor !== undefined) return undefined;
		if (walk.table === "flows" && (this.#overflowInUse() || this.#overflowCleared)) {
			walk.table = "overflow";
			return undefined;
		}
		this.#walk = undefined;
		this.#settleControl(walk);
		walk.observer.end();
		return { flows: walk.flows, overflow: walk.overflow, deleted: walk.deleted };
	}

	#look(walk: Walk, keys: Uint8Array, values: Uint8Array, count: number): void {
		const view = new DataView(values.buffer, values.byteOffset, values.length);
		const timeouts = this.#timeouts();
		const now = this.#ports.now();
		const candidates: number[] = [];
		walk.observer.see(keys, values, count);
		for (let i = 0; i < count; i++) {
			const at = i * Flow.SIZE;
			if ((view.getUint8(at + OFFSET.flags) & FLOW_DIRECT) !== 0) walk.direct = true;
			const proto = keys[i * FlowKey.SIZE + PROTO_AT] ?? 0;
			const timeout = timeouts[timeoutIndex(proto, view.getUint8(at + OFFSET.state))] ?? 0n;
			if (now - view.getBigUint64(at + OFFSET.last_seen, true) > timeout) candidates.push(i);
		}
		walk[walk.table] += count;
		if (candidates.length === 0) return;
		const expired = new Uint8Array(candidates.length * FlowKey.SIZE);
		candidates.forEach((entry, i) => {
			const from = entry * FlowKey.SIZE;
			expired.set(keys.subarray(from, from + FlowKey.SIZE), i * FlowKey.SIZE);
		});
		walk.deleted += this.#ports.reap(expired, candidates.length);
	}

	#timeouts(): BigUint64Array {
		return new BigUint64Array(this.#ports.settings.memory(), 0, 8);
	}

	#control(): DataView {
		return new DataView(this.#ports.control.memory());
	}

	#overflowInUse(): boolean {
		return this.#control().getUint32(Control.OFFSET.overflow_in_use, true) !== 0;
	}

	/**
	 * Clears the words that make the programs look further, when a whole pass found nothing there.
	 * A program may insert just then: the next pass looks again and sets the word back.
	 */
	#settleControl(walk: Walk): void {
		const control = this.#control();
		const settle = (offset: number, found: boolean, cleared: boolean): boolean => {
			if (found && cleared) control.setUint32(offset, 1, true);
			if (found || control.getUint32(offset, true) === 0) return false;
			control.setUint32(offset, 0, true);
			return true;
		};
		const { overflow_in_use, direct_in_use } = Control.OFFSET;
		this.#overflowCleared = settle(overflow_in_use, walk.overflow > 0, this.#overflowCleared);
		this.#directCleared = settle(direct_in_use, walk.direct, this.#directCleared);
	}
}

function newWalk(observer: FlowObserver): Walk {
	return {
		table: "flows",
		cursor: undefined,
		flows: 0,
		overflow: 0,
		deleted: 0,
		direct: false,
		observer,
	};
}

/** Index into settings.timeout for a flow of that protocol and state. */
export function timeoutIndex(proto: number, state: number): number {
	if (proto === IPPROTO_UDP) {
		return state === FlowState.FLOW_SYN_SENT ? Timeout.TIMEOUT_UDP : Timeout.TIMEOUT_UDP_STREAM;
	}
	if (proto !== IPPROTO_TCP) return Timeout.TIMEOUT_ICMP;
	if (state === FlowState.FLOW_SYN_SENT) return Timeout.TIMEOUT_TCP_SYN;
	if (state === FlowState.FLOW_ESTABLISHED) return Timeout.TIMEOUT_TCP_ESTABLISHED;
	return state === FlowState.FLOW_CLOSING
		? Timeout.TIMEOUT_TCP_CLOSING
		: Timeout.TIMEOUT_TCP_CLOSED;
}
