/** Runs cases through the real programs, each from empty flow tables, and checks every packet. */
import { Backend, Forwarding } from "../../../src/layout/structs.ts";
import { type DeviceName, NODE4, NODE6, POD_MTU } from "../../bpf/lib/topology.ts";
import { CHECKSUM_COMPLETE, PORTS } from "../../bpf/lib/world.ts";
import { ipAddr, u16 } from "../../lib/packet-bytes.ts";
import { buildFrame, handleFrame, lacksChecksum, withEthernet } from "./build-frame.ts";
import type { Case, Handling, Step } from "./case.ts";
import type { Output } from "./check-output.ts";
import { checkPacket } from "./check-packet.ts";
import type { Coverage } from "./coverage.ts";
import { type Verdict, verdictOn } from "./decide.ts";
import { type Flows, forgetFlows, keyOf, readFlows } from "./flows.ts";
import { type Carried, followUp, type Made } from "./follow-up.ts";
import { type Parsed, parseFrame, type Tuple, UDP } from "./parse-frame.ts";
import { pathsOf } from "./paths.ts";
import { type KnownDevice, knownDevices, type Place } from "./place.ts";
import { showFailure } from "./show.ts";
import { type Arrival, datagramOf, type Situation } from "./situation.ts";

const MODES = {
	auto: Forwarding.FORWARDING_AUTO,
	stack: Forwarding.FORWARDING_STACK,
	redirect: Forwarding.FORWARDING_REDIRECT,
} as const;

type PacketStep = Extract<Step, { readonly handling: Handling }>;

export class CaseRunner {
	readonly #place: Place;
	readonly #devices: ReadonlyMap<DeviceName, KnownDevice>;
	readonly #coverage: Coverage;
	#flows: Flows = new Map();
	/** What a failed packet left is not in #flows. */
	#failed = false;
	#fragments = new Map<string, Pick<Tuple, "sport" | "dport">>();
	/** Backends that left, with what they were. */
	#gone = new Map<number, Uint8Array>();
	#carried: Carried[] = [];
	#drops: readonly number[];

	constructor(place: Place, coverage: Coverage) {
		this.#place = place;
		this.#devices = knownDevices();
		this.#coverage = coverage;
		this.#drops = this.#readDrops();
	}

	/** Throws when any packet of the case does not get what it should. */
	run(each: Case): void {
		this.#begin(each);
		this.#drops = this.#readDrops();
		for (const step of each.steps) {
			if (step.kind === "forget") this.#forget();
			else if (step.kind === "leave") this.#leave(step);
			else this.#send(each, step);
		}
	}

	#begin({ mode, nodeAddress, onePort, halfOpenMax }: Case): void {
		const { world } = this.#place;
		world.set({
			forwarding: MODES[mode],
			half_open_max: halfOpenMax,
			node4: nodeAddress ? ipAddr(NODE4) : new Uint8Array(16),
			node6: nodeAddress ? ipAddr(NODE6) : new Uint8Array(16),
			masquerade_port_last: onePort ? PORTS.first : PORTS.last,
		});
		const backends = new Uint8Array(world.map("backends").memory());
		for (const [id, bytes] of this.#gone) backends.set(bytes, id * Backend.SIZE);
		this.#gone = new Map();
		this.#carried = [];
		this.#forget();
		if (this.#fragments.size > 0) {
			const { keys, count } = world.map("fragments").lookupBatch(undefined, 64);
			if (count > 0) world.map("fragments").deleteBatch(keys, count);
			this.#fragments = new Map();
		}
	}

	#forget(): void {
		const { world } = this.#place;
		if (this.#flows.size > 0 || this.#failed) forgetFlows(world);
		this.#failed = false;
		new Uint8Array(world.map("control").memory()).fill(0);
		this.#flows = new Map();
	}

	#leave({ of, backend }: Extract<Step, { kind: "leave" }>): void {
		const all = [...this.#place.frontends.values()].flatMap(({ backends }) => backends);
		const used = this.#carried[of % this.#carried.length]?.backend;
		const id = used || (all[backend % all.length]?.id ?? 0);
		if (this.#gone.has(id)) return;
		const at = id * Backend.SIZE;
		this.#gone.set(
			id,
			new Uint8Array(this.#place.world.map("backends").memory()).slice(at, at + Backend.SIZE),
		);
		this.#place.world.removeBackend(id);
	}

	#send(each: Case, step: PacketStep): void {
		const made = this.#make(step);
		const { handling } = made;
		const frame = handleFrame(made.frame, handling);
		const { device, hook, fromNode, gsoSize } = handling;
		const arrival: Arrival = { frame, parsed: parseFrame(frame), device, hook, fromNode, gsoSize };
		const situation: Situation = {
			...each,
			place: this.#place,
			devices: this.#devices,
			gone: new Set(this.#gone.keys()),
			flows: this.#flows,
			fragments: this.#fragments,
			directInUse: this.#place.world.control().direct_in_use !== 0,
		};
		const complete = handling.complete && isSummed(arrival, situation);
		let output: Output | undefined;
		try {
			output = this.#through(arrival, complete);
			if (output === undefined) return;
			const verdict = this.#judge(situation, arrival, output);
			const { recipe } = made;
			if (verdict.kind === "carry" && recipe) {
				const { backend } = verdict.entry;
				this.#carried.push({ recipe, handling, backend, output: output.packet });
			}
			const run = { complete, flows: this.#flows };
			for (const path of pathsOf(arrival, verdict, run)) this.#coverage.add(path);
		} catch (error) {
			this.#failed = true;
			throw new Error(showFailure(situation, arrival, { error, output, complete }));
		}
	}

	#make(step: PacketStep): Made & { readonly handling: Handling } {
		const { handling } = step;
		if (step.kind === "bytes") return { frame: withEthernet(step.type, step.bytes), handling };
		const before = "of" in step ? this.#carried[step.of % this.#carried.length] : undefined;
		if (!("of" in step) || before === undefined) {
			return { frame: buildFrame(step.recipe), recipe: step.recipe, handling };
		}
		const { device, hook } = step.samePlace ? before.handling : handling;
		return { ...followUp(step, before), handling: { ...handling, device, hook } };
	}

	/** Undefined: the kernel makes no skb of so little. */
	#through(arrival: Arrival, complete: boolean): Output | undefined {
		this.#coverage.packets++;
		const program = arrival.hook === "ingress" ? "tc_ingress" : "tc_egress";
		try {
			return this.#place.world.run(program, arrival.device, arrival.frame, {
				...(arrival.fromNode ? {} : { from: "uplink" as const }),
				gsoSize: arrival.gsoSize,
				flags: complete ? CHECKSUM_COMPLETE : 0,
			});
		} catch (error) {
			if (!isTooShort(arrival.frame)) throw error;
			this.#coverage.add("too short for the kernel");
			return undefined;
		}
	}

	#judge(situation: Situation, arrival: Arrival, output: Output): Verdict {
		const drops = this.#readDrops();
		const before = this.#drops;
		this.#drops = drops;
		const after = readFlows(this.#place.world);
		const { verdict, parsed } = verdictOn(situation, arrival, after);
		const counted = drops.flatMap((count, reason) =>
			new Array<number>(count - (before[reason] ?? 0)).fill(reason),
		);
		const halfOpen = this.#place.world.control().half_open;
		const problem = checkPacket(situation, arrival, {
			parsed,
			verdict,
			output,
			after,
			counted,
			halfOpen,
		});
		if (problem) throw new Error(`to be ${verdict.kind}: ${problem}`);
		this.#flows = after;
		if (parsed && verdict.kind !== "pass") this.#remember(parsed);
		return verdict;
	}

	/** A first fragment's ports are known once a flow has it, also when a router refuses it. */
	#remember(parsed: Parsed): void {
		const datagram = datagramOf(parsed);
		if (parsed.fragment !== "first" || parsed.isIcmpError) return;
		if (hasFlow(this.#flows, parsed)) this.#fragments.set(datagram, parsed);
	}

	#readDrops(): number[] {
		const { values, count } = this.#place.world.map("drops").lookupBatch(undefined, 64);
		const words = new BigUint64Array(values.buffer, values.byteOffset, values.length / 8);
		const cpus = words.length / count;
		return Array.from({ length: count }, (_, reason) =>
			Number(words.subarray(reason * cpus, (reason + 1) * cpus).reduce((a, b) => a + b, 0n)),
		);
	}
}

/** Whether some flow has the packet. */
function hasFlow(flows: Flows, parsed: Parsed): boolean {
	return flows.has(keyOf(parsed, false)) || flows.has(keyOf(parsed, true));
}

/** Most of L4 that an answer quotes: it trims what is longer. */
const QUOTED = 40;

/**
 * Whether the sum of the hardware can be followed. Trimming, for an answer, gives it up; and of a UDP
 * packet without checksum nobody looks at it.
 */
function isSummed({ frame, parsed, gsoSize }: Arrival, { place }: Situation): boolean {
	if (typeof parsed === "string") return true;
	const { proto, fragment, l4, ttl, dst } = parsed;
	if (proto === UDP && fragment !== "later" && lacksChecksum(frame, parsed)) return false;
	const isRefused = place.frontends.get(`${dst}/${proto}`)?.backends.length === 0;
	const isBig = gsoSize > 0 || frame.length > POD_MTU;
	return frame.length - l4 <= QUOTED || !(ttl <= 1 || isBig || isRefused);
}

/** Linux 6.18 wants a whole IP header. */
function isTooShort(frame: Uint8Array): boolean {
	const headers: Readonly<Record<number, number>> = { 2048: 20, 34525: 40 };
	return frame.length < 14 + (headers[u16(frame, 12)] ?? 1);
}
