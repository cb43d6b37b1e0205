/**
 * Walks the flow tables in small steps and has the reaper delete what is past its timeout. The
 * programs do not depend on it: they treat an expired entry as absent.
 */

import type { MapPort } from "../dataplane/port.ts";
import { Control, Flow, FlowFlag, FlowKey, FlowState, InUse, Timeout } from "../layout/structs.ts";
import { isMapped } from "../model/address-bytes.ts";
import type { Family } from "../model/objects.ts";

export interface ExpiryPorts {
	readonly flows: MapPort;
	readonly overflow: MapPort;
	readonly control: MapPort;
	readonly settings: MapPort;
	/** There may be flows in the table of an earlier release. */
	readonly inherited?: boolean;
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
	readonly deleted: Readonly<Record<Family, number>>;
}

/** Entries read in one step: about a millisecond. */
const STEP_ENTRIES = 512;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_SCTP = 132;
const { OFFSET } = Flow;
/** Words of struct control, counted in 32 bits. */
const WORDS = {
	flows: Control.OFFSET.flows_in_use / 4,
	overflow: Control.OFFSET.overflow_in_use / 4,
	direct: Control.OFFSET.direct_in_use / 4,
} as const;

/** Words of control.flows_in_use: two hooks for each direction. */
const FLOW_WORDS = 4;

interface Walk {
	table: "flows" | "overflow";
	cursor: Uint8Array | undefined;
	flows: number;
	overflow: number;
	readonly deleted: Record<Family, number>;
	direct: boolean;
	/** Entries by direction and hook, as control.flows_in_use. */
	readonly acts: boolean[];
	readonly observer: FlowObserver;
}

export class Expiry {
	readonly #ports: ExpiryPorts;
	#walk: Walk | undefined;

	/**
	 * Has the programs look for flows that an earlier agent left, whatever the control map says, which
	 * may be younger than the tables.
	 */
	constructor(ports: ExpiryPorts) {
		this.#ports = ports;
		const { inherited = false } = ports;
		const hasEntries = (map: MapPort) => map.lookupBatch(undefined, STEP_ENTRIES).count > 0;
		const overflow = inherited || hasEntries(ports.overflow);
		if (!overflow && !hasEntries(ports.flows)) return;
		const words = this.#words();
		const flowWords = Array.from({ length: FLOW_WORDS }, (_, index) => WORDS.flows + index);
		for (const word of [...flowWords, WORDS.direct, ...(overflow ? [WORDS.overflow] : [])]) {
			Atomics.compareExchange(words, word, InUse.IN_USE_NOT, InUse.IN_USE);
		}
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
		const overflowInUse = Atomics.load(this.#words(), WORDS.overflow) !== InUse.IN_USE_NOT;
		if (walk.table === "flows" && overflowInUse) {
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
		const candidates: Record<Family, number[]> = { IPv4: [], IPv6: [] };
		walk.observer.see(keys, values, count);
		for (let i = 0; i < count; i++) {
			const at = i * Flow.SIZE;
			if ((view.getUint8(at + OFFSET.flags) & FlowFlag.FLOW_DIRECT) !== 0) walk.direct = true;
			const proto = keys[i * FlowKey.SIZE + FlowKey.OFFSET.proto] ?? 0;
			const direction = keys[i * FlowKey.SIZE + FlowKey.OFFSET.direction] ?? 0;
			walk.acts[inUseIndex(direction, view.getUint8(at + OFFSET.hook))] = true;
			const timeout = timeouts[timeoutIndex(proto, view.getUint8(at + OFFSET.state))] ?? 0n;
			if (now - view.getBigUint64(at + OFFSET.last_seen, true) > timeout)
				candidates[familyOf(keys, i)].push(i);
		}
		walk[walk.table] += count;
		walk.deleted.IPv4 += this.#reap(keys, candidates.IPv4);
		walk.deleted.IPv6 += this.#reap(keys, candidates.IPv6);
	}

	/** Of these entries of a page; returns how many were deleted. */
	#reap(keys: Uint8Array, entries: readonly number[]): number {
		if (entries.length === 0) return 0;
		const expired = new Uint8Array(entries.length * FlowKey.SIZE);
		entries.forEach((entry, i) => {
			const from = entry * FlowKey.SIZE;
			expired.set(keys.subarray(from, from + FlowKey.SIZE), i * FlowKey.SIZE);
		});
		return this.#ports.reap(expired, entries.length);
	}

	#timeouts(): BigUint64Array {
		return new BigUint64Array(this.#ports.settings.memory(), 0, 8);
	}

	#words(): Uint32Array {
		return new Uint32Array(this.#ports.control.memory());
	}

	/**
	 * Has the programs look no further where a whole pass has found nothing, and nothing was stored
	 * since the pass before it (enum in_use in bpf/types.h): a program that stores an entry changes the
	 * word after that and before the packet goes on, so no reply comes while it says IN_USE_NOT.
	 */
	#settleControl(walk: Walk): void {
		const words = this.#words();
		const settle = (word: number, found: boolean): void => {
			if (found) return;
			const was = Atomics.compareExchange(words, word, InUse.IN_USE_CHECKED, InUse.IN_USE_NOT);
			if (was !== InUse.IN_USE) return;
			Atomics.compareExchange(words, word, InUse.IN_USE, InUse.IN_USE_CHECKED);
		};
		for (const [index, found] of walk.acts.entries()) settle(WORDS.flows + index, found);
		settle(WORDS.overflow, walk.overflow > 0);
		settle(WORDS.direct, walk.direct);
	}
}

function newWalk(observer: FlowObserver): Walk {
	return {
		table: "flows",
		cursor: undefined,
		flows: 0,
		overflow: 0,
		deleted: { IPv4: 0, IPv6: 0 },
		direct: false,
		acts: Array(FLOW_WORDS).fill(false),
		observer,
	};
}

/** Of the flow whose key that is. */
function familyOf(keys: Uint8Array, entry: number): Family {
	const src = entry * FlowKey.SIZE + FlowKey.OFFSET.src;
	return isMapped(keys.subarray(src, src + 16)) ? "IPv4" : "IPv6";
}

/** Index into control.flows_in_use (enum flow_direction, enum flow_hook). */
export function inUseIndex(direction: number, hook: number): number {
	return 2 * (direction & 1) + (hook & 1);
}

/** Index into settings.timeout for a flow of that protocol and state. */
export function timeoutIndex(proto: number, state: number): number {
	if (proto === IPPROTO_UDP) {
		return state === FlowState.FLOW_SYN_SENT ? Timeout.TIMEOUT_UDP : Timeout.TIMEOUT_UDP_STREAM;
	}
	if (proto !== IPPROTO_TCP && proto !== IPPROTO_SCTP) return Timeout.TIMEOUT_ICMP;
	if (state === FlowState.FLOW_SYN_SENT) return Timeout.TIMEOUT_TCP_SYN;
	if (state === FlowState.FLOW_CLOSED) return Timeout.TIMEOUT_TCP_CLOSED;
	if (proto === IPPROTO_SCTP) return Timeout.TIMEOUT_SCTP;
	return state === FlowState.FLOW_CLOSING
		? Timeout.TIMEOUT_TCP_CLOSING
		: Timeout.TIMEOUT_TCP_ESTABLISHED;
}
