import type { IncomingMessage } from "node:http";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { SourceStatus } from "../model/objects.ts";
import { Abilities } from "./abilities.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError, ProtocolError, SilenceError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { Clock, Timings } from "./clock.ts";
import type { Interner } from "./intern.ts";
import { keyOf } from "./metadata.ts";
import { type Listing, ObjectStore } from "./object-store.ts";
import type { Outbox } from "./outbox.ts";
import { Position } from "./position.ts";
import { listPath, type Selection, watchListPath, watchPath } from "./query.ts";
import type { Resource } from "./resource.ts";
import { readEvents, readList } from "./streams.ts";
import type { WatchEvent } from "./watch-event.ts";
import { Watchdog } from "./watchdog.ts";

/**
 * How long an optional resource that is not there is left alone, in ms, after it was looked for so
 * many times with shorter pauses: a server that begins refuses at first what it allows later.
 */
const ABSENCE_PAUSE_MS = 300_000;
const ABSENCE_PATIENCE = 8;

export interface ReflectorOptions {
	readonly resource: Resource;
	readonly client: ApiClient;
	readonly outbox: Outbox;
	readonly interner: Interner;
	readonly log: Logger;
	readonly clock: Clock;
	readonly timings: Timings;
	/**
	 * Called after the first complete list has been put into the outbox, and when an optional resource
	 * turns out not to be there.
	 */
	readonly onSynced: () => void;
}

/**
 * Follows the objects of one resource of an API server: lists them, watches them, and never stops
 * before it is told to. Between failures it pauses longer and longer; only an event, or a watch
 * that lived for a while, makes the pauses short again. A connection that ends is no reason to list
 * anew: the next watch goes on from the last version seen.
 */
export class Reflector {
	readonly #options: ReflectorOptions;
	readonly #store: ObjectStore;
	readonly #backoff: Backoff;
	readonly #abilities: Abilities;
	readonly #log: Logger;
	readonly #position = new Position();
	/** Whether the current session has been of use. */
	#progress = false;
	#synced = false;
	/** How often in a row the server did not have the resource, or not for us, which is optional. */
	#absences = 0;
	#error = "";
	#failures = 0;

	constructor(options: ReflectorOptions) {
		this.#options = options;
		this.#log = options.log.child({ resource: options.resource.name });
		this.#store = new ObjectStore(options.resource, options.interner);
		this.#abilities = new Abilities(options.resource);
		this.#backoff = new Backoff(options.timings, options.clock);
	}

	get status(): SourceStatus {
		return {
			kind: this.#options.resource.name,
			synced: this.#synced,
			error: this.#error,
			failures: this.#failures,
			objects: this.#store.size,
		};
	}

	/** Whether it is known what there is: all has been listed once, or nothing is to be had. */
	get settled(): boolean {
		return this.#synced || this.#absences > 0;
	}

	/** Resolves after the signal is aborted, never before. */
	async run(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			this.#progress = false;
			const listing = this.#position.version === undefined;
			const pause = await this.#session(signal).then(
				() => (listing ? 0 : this.#ended()),
				(error: unknown) => this.#failed(error, signal),
			);
			if (pause > 0) {
				await this.#options.clock.sleep(pause, signal);
			}
		}
	}

	/** One request: a list, a watch, or a watch that begins with a list. */
	#session(signal: AbortSignal): Promise<void> {
		if (this.#position.version !== undefined) {
			return this.#watch(this.#position.version, signal);
		}
		return this.#abilities.watchList ? this.#watchList(signal) : this.#list(signal);
	}

	async #list(signal: AbortSignal): Promise<void> {
		const { client, timings } = this.#options;
		const response = await client.get(
			listPath(this.#selection(), this.#position.listVersion),
			signal,
		);
		const watchdog = new Watchdog(response, "no item of a list", timings.listSilenceMs);
		const listing: Listing = new Map();
		const version = await readList(response, watchdog, (object) => {
			this.#store.list(listing, object);
		});
		this.#replace(listing, version);
	}

	async #watchList(signal: AbortSignal): Promise<void> {
		const { client, clock, timings } = this.#options;
		const path = watchListPath(this.#selection(), clock.random());
		const response = await client.get(path, signal);
		const watchdog = new Watchdog(response, "no initial event", timings.watchListSilenceMs);
		let listing: Listing | undefined = new Map();
		const onEvent = (event: WatchEvent) => {
			if (listing === undefined) {
				this.#onEvent(event);
			} else if (this.#endsListing(event, listing)) {
				listing = undefined;
				this.#follow(response, watchdog);
			}
		};
		const silent = (error: unknown) => {
			if (listing !== undefined && error instanceof SilenceError) {
				this.#abilities.refuseWatchList();
			}
			throw error;
		};
		await readEvents(response, watchdog, onEvent).catch(silent);
		if (listing !== undefined) {
			this.#abilities.refuseWatchList();
			throw new ProtocolError("a WatchList ended before its initial events did");
		}
	}

	/** Whether the event was the one that makes the list complete. Initial events have no order. */
	#endsListing(event: WatchEvent, listing: Listing): boolean {
		if (event.type === "bookmark") {
			if (!event.endsInitial) {
				this.#abilities.refuseWatchList();
				throw new ProtocolError("the server does not end the initial events of a WatchList");
			}
			this.#replace(listing, event.version);
			return true;
		}
		if (event.type === "put") {
			this.#store.list(listing, event.object);
		} else {
			listing.delete(keyOf(event.metadata));
		}
		return false;
	}

	async #watch(version: string, signal: AbortSignal): Promise<void> {
		const { client, clock, timings } = this.#options;
		const path = watchPath(this.#selection(), version, clock.random());
		const response = await client.get(path, signal);
		const watchdog = new Watchdog(response, "no event or bookmark", timings.watchSilenceMs);
		this.#follow(response, watchdog);
		await readEvents(response, watchdog, (event) => this.#onEvent(event));
	}

	/** From now on the response is a watch, which is of use if it lives for a while. */
	#follow(response: IncomingMessage, watchdog: Watchdog): void {
		const { livedMs, watchSilenceMs } = this.#options.timings;
		watchdog.allow(watchSilenceMs);
		const lived = setTimeout(() => this.#progressed(), livedMs);
		response.once("close", () => clearTimeout(lived));
	}

	#selection(): Selection {
		return { resource: this.#options.resource, byField: this.#abilities.byField };
	}

	#replace(listing: Listing, version: string): void {
		this.#options.outbox.add(this.#store.replace(listing, version));
		this.#position.listed(version);
		this.#succeeded();
		this.#log.debug({ objects: this.#store.size, version }, "listed");
		if (!this.#synced) {
			this.#synced = true;
			this.#options.onSynced();
		}
	}

	#onEvent(event: WatchEvent): void {
		if (event.type === "bookmark") {
			this.#position.moved(event.version);
		} else {
			this.#position.moved(event.metadata.resourceVersion);
			this.#options.outbox.add(this.#store.apply(event));
		}
		this.#progressed();
	}

	#progressed(): void {
		this.#progress = true;
		this.#backoff.reset();
		this.#succeeded();
	}

	#succeeded(): void {
		if (this.#error !== "") {
			this.#log.info("the API server answers again");
		}
		this.#error = "";
		this.#absences = 0;
	}

	/** After a watch ended as it should: the pause until the next one, in ms. */
	#ended(): number {
		return this.#progress ? 0 : this.#backoff.next();
	}

	/** Draws the conclusions from a failure; the pause until the next attempt, in ms. */
	#failed(error: unknown, signal: AbortSignal): number {
		const watching = this.#position.version !== undefined;
		if (signal.aborted || this.#abilities.adapt(error, !watching && this.#abilities.watchList)) {
			return 0;
		}
		if (watching && error instanceof SilenceError) {
			// In a quiet cluster nothing is wrong; if the server is, the next attempt will show it.
			this.#log.debug("a watch was silent and is opened anew");
			this.#position.silent();
			return this.#ended();
		}
		if (this.#options.resource.withoutIt !== "" && isAbsence(error)) return this.#missed(error);
		const message = reasonOf(error);
		this.#log[this.#error === message ? "debug" : "warn"]({ reason: message }, "watching failed");
		this.#error = message;
		this.#failures++;
		this.#position.failed(error);
		const atLeast = error instanceof ApiError ? error.retryAfterMs : 0;
		const goesOn = this.#progress && this.#position.version !== undefined && atLeast === 0;
		return goesOn ? 0 : Math.max(atLeast, this.#backoff.next());
	}

	/** Somebody may create it, or give us the right to it: the pause until that is looked for, in ms. */
	#missed(error: ApiError): number {
		this.#position.failed(error);
		const { withoutIt } = this.#options.resource;
		this.#error = `${error.message}; ${withoutIt}`;
		this.#absences++;
		if (this.#absences === 1) {
			this.#log.warn({ reason: error.message }, withoutIt);
			this.#options.onSynced();
		}
		const isLong = this.#absences > ABSENCE_PATIENCE;
		return Math.max(isLong ? ABSENCE_PAUSE_MS : this.#backoff.next(), error.retryAfterMs);
	}
}

function isAbsence(error: unknown): error is ApiError {
	return error instanceof ApiError && (error.status === 403 || error.status === 404);
}
