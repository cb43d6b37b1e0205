/**
 * Writes Events to the API server, beside everything else: nothing waits for it, a queue that is
 * full loses the newest, and failures are logged once.
 */
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { ApiError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { Clock, Timings } from "./clock.ts";
import {
	type EventNote,
	eventKey,
	eventName,
	eventNamespace,
	eventObject,
	seriesPatch,
} from "./event-object.ts";

/** Where events go. */
export interface EventSink {
	/** Takes note and returns at once. */
	record(event: EventNote): void;
}

/** The part of ApiClient that is needed. */
export interface EventWriter {
	write(method: "POST" | "PATCH", path: string, body: object, signal: AbortSignal): Promise<void>;
}

export interface EventRecorderOptions {
	readonly client: EventWriter;
	readonly nodeName: string;
	readonly log: Logger;
	readonly clock: Clock;
	readonly timings: Pick<Timings, "minPauseMs" | "maxPauseMs">;
	/** ms since 1970 */
	readonly now?: () => number;
}

/** Waiting to be written; more are lost. */
const MAX_QUEUE = 100;
/** Events that are remembered, so that the same again is counted. */
const MAX_KNOWN = 500;
/** The same after a longer time is a new event: client-go's. */
const SERIES_MS = 6 * 60_000;
/** Written at once, and one more each time this has passed. */
const BURST = 25;
const REFILL_MS = 10_000;
const ATTEMPTS = 5;

interface Known {
	readonly event: EventNote;
	readonly name: string;
	readonly firstMs: number;
	count: number;
	lastMs: number;
	/** How often it has happened by what the server was told last; 0: it knows nothing. */
	written: number;
	queued: boolean;
}

export class EventRecorder implements EventSink {
	readonly #options: EventRecorderOptions;
	readonly #backoff: Backoff;
	readonly #known = new Map<string, Known>();
	readonly #queue: Known[] = [];
	readonly #stop = new AbortController();
	#writing: Promise<void> | undefined;
	#tokens = BURST;
	#refilledMs: number;
	/** Begins anywhere: names are to differ from those of other nodes' events about the same Service. */
	#serial: number;
	#hasFailed = false;

	constructor(options: EventRecorderOptions) {
		this.#options = options;
		this.#backoff = new Backoff(options.timings, options.clock);
		this.#refilledMs = this.#now();
		this.#serial = Math.floor(options.clock.random() * 1_000_000);
	}

	record(event: EventNote): void {
		if (this.#stop.signal.aborted) return;
		const known = this.#note(event);
		if (known.queued || this.#queue.length >= MAX_QUEUE) return;
		known.queued = true;
		this.#queue.push(known);
		this.#writing ??= this.#write().finally(() => {
			this.#writing = undefined;
		});
	}

	/** What is still waiting is lost. */
	async stop(): Promise<void> {
		this.#stop.abort();
		await this.#writing;
	}

	#now(): number {
		return (this.#options.now ?? Date.now)();
	}

	#note(event: EventNote): Known {
		const key = eventKey(event);
		const now = this.#now();
		const before = this.#known.get(key);
		if (before !== undefined && now - before.lastMs <= SERIES_MS) {
			before.count++;
			before.lastMs = now;
			return before;
		}
		const name = eventName(event.regarding, now, this.#serial++);
		const times = { firstMs: now, lastMs: now };
		const known = { event, name, ...times, count: 1, written: 0, queued: false };
		this.#known.delete(key);
		this.#known.set(key, known);
		const [oldest] = this.#known.keys();
		if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
		return known;
	}

	async #write(): Promise<void> {
		const { signal } = this.#stop;
		for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
			await this.#token();
			if (signal.aborted) return;
			this.#queue.shift();
			next.queued = false;
			await this.#send(next);
		}
	}

	/** Resolves when one more may be written. */
	async #token(): Promise<void> {
		for (;;) {
			const refills = Math.floor((this.#now() - this.#refilledMs) / REFILL_MS);
			this.#refilledMs += refills * REFILL_MS;
			this.#tokens = Math.min(BURST, this.#tokens + refills);
			if (this.#stop.signal.aborted) return;
			if (this.#tokens > 0) break;
			await this.#options.clock.sleep(REFILL_MS, this.#stop.signal);
		}
		this.#tokens--;
	}

	/** Tries a few times; what the server refuses, it will refuse again. */
	async #send(known: Known): Promise<void> {
		const { signal } = this.#stop;
		for (let attempt = 1; !signal.aborted; attempt++) {
			try {
				await this.#request(known);
				this.#hasFailed = false;
				this.#backoff.reset();
				return;
			} catch (error) {
				if (signal.aborted) return;
				if (attempt >= ATTEMPTS || isRefusal(error)) {
					this.#fail(known, error);
					return;
				}
				await this.#options.clock.sleep(this.#backoff.next(), signal);
			}
		}
	}

	async #request(known: Known): Promise<void> {
		const { client, nodeName } = this.#options;
		const path = `/apis/events.k8s.io/v1/namespaces/${eventNamespace(known.event)}/events`;
		const { count, written, name, lastMs, firstMs: at } = known;
		if (written === 0) {
			const object = eventObject(known.event, { nodeName, name, at });
			await client.write("POST", path, object, this.#stop.signal);
			known.written = 1;
		}
		if (count > known.written && count > 1) {
			await client.write("PATCH", `${path}/${name}`, seriesPatch(count, lastMs), this.#stop.signal);
			known.written = count;
		}
	}

	#fail({ event }: Known, error: unknown): void {
		const reason = reasonOf(error);
		const fields = { event: event.reason, reason };
		if (this.#hasFailed) this.#options.log.debug(fields, "an Event cannot be written");
		else
			this.#options.log.warn(fields, "an Event cannot be written; further failures are not logged");
		this.#hasFailed = true;
	}
}

/** Another attempt would end the same. */
function isRefusal(error: unknown): boolean {
	return (
		error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429
	);
}
