/** Runs the expiry step by step beside everything else, pass after pass. */
import type { NetlinkEvent } from "../dataplane/addon.ts";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Expiry, PassResult } from "./expiry.ts";
import type { FlowMender } from "./flow-mender.ts";

/** Between two steps of a pass, and between two passes. */
const STEP_PAUSE_MS = 10;
const PASS_PAUSE_MS = 1000;
/** The same while flows wait for it; such a pass is followed by a pause as long as itself at least. */
const HURRY = { stepMs: 1, passMs: 50 };

/** Told of each whole pass, pauses included in its time. */
export type OnPass = (pass: { readonly seconds: number } & Pick<PassResult, "deleted">) => void;

export interface FlowKeeperPorts {
	readonly expiry: Expiry;
	/** Takes part in the passes of `expiry`. */
	readonly mender: FlowMender;
	readonly onPass: OnPass;
	readonly log: Logger;
}

export class FlowKeeper {
	readonly #ports: FlowKeeperPorts;
	#timer: NodeJS.Timeout | undefined;
	#stopped = false;
	#last: PassResult = { flows: 0, overflow: 0, deleted: { IPv4: 0, IPv6: 0 } };
	/** When the pass under way began. */
	#begun: number | undefined;
	/** Flows wait for that pass. */
	#hurries = false;
	/** Before a pass that flows wait for. */
	#pauseMs = HURRY.passMs;
	/** Between two passes, and not in a hurry. */
	#rests = false;
	#error = "";

	constructor(ports: FlowKeeperPorts) {
		this.#ports = ports;
	}

	/** What the last whole pass saw. */
	get last(): PassResult {
		return this.#last;
	}

	/** Why the last step failed; "" when it did not. */
	get error(): string {
		return this.#error;
	}

	start(): void {
		this.#after(0);
	}

	/** For good: attaching may still be under way, and starts it at its end. */
	stop(): void {
		this.#stopped = true;
		clearTimeout(this.#timer);
	}

	/** Has flows follow what happened to the node's network: at once, a pause that is under way ends. */
	hear(events: readonly NetlinkEvent[]): void {
		const { mender } = this.#ports;
		mender.hear(events);
		if (!this.#rests || !mender.pending) return;
		clearTimeout(this.#timer);
		this.#rests = false;
		this.#after(this.#pauseMs);
	}

	#after(ms: number): void {
		if (this.#stopped) return;
		this.#timer = setTimeout(() => this.#step(), ms);
	}

	#step(): void {
		const { expiry, log, mender } = this.#ports;
		this.#rests = false;
		if (this.#begun === undefined) {
			this.#begun = performance.now();
			this.#hurries = mender.pending;
		}
		let pause = this.#hurries || mender.pending ? HURRY.stepMs : STEP_PAUSE_MS;
		try {
			const result = expiry.step();
			if (result !== undefined) pause = this.#endPass(result);
			this.#error = "";
		} catch (error) {
			const reason = reasonOf(error);
			if (reason !== this.#error) log.error({ reason }, "flows cannot be expired");
			this.#error = reason;
			pause = PASS_PAUSE_MS;
		}
		this.#after(pause);
	}

	/** Returns the pause until the next pass. */
	#endPass(result: PassResult): number {
		const { log, mender, onPass } = this.#ports;
		const ms = performance.now() - (this.#begun ?? 0);
		this.#last = result;
		this.#begun = undefined;
		this.#pauseMs = Math.max(HURRY.passMs, this.#hurries ? ms : 0);
		onPass({ seconds: ms / 1000, deleted: result.deleted });
		if (result.deleted.IPv4 + result.deleted.IPv6 > 0) log.debug({ ...result }, "flows expired");
		if (mender.pending) return this.#pauseMs;
		this.#rests = true;
		return PASS_PAUSE_MS;
	}
}
