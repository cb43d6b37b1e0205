import type { Logger } from "../log.ts";
import type { ObjectSource, SourceListener, SourceStatus } from "../model/objects.ts";
import { ApiAccess, type ApiAccessOptions } from "./api-access.ts";
import { ApiClient } from "./api-client.ts";
import { type Clock, DEFAULT_TIMINGS, systemClock, type Timings } from "./clock.ts";
import { EventRecorder } from "./events.ts";
import { Interner } from "./intern.ts";
import { Outbox } from "./outbox.ts";
import { Reflector } from "./reflector.ts";
import type { RequestObserver } from "./request-observer.ts";
import { ENDPOINT_SLICES, nodeResource, SERVICE_CIDRS, SERVICES } from "./resource.ts";

export interface ApiSourceOptions {
	readonly access: ApiAccessOptions;
	/** The node whose Node object is followed. */
	readonly nodeName: string;
	readonly log: Logger;
	/** Told of every request. */
	readonly requests?: RequestObserver;
	readonly clock?: Clock;
	readonly timings?: Partial<Timings>;
}

/**
 * How long the own Node and the ServiceCIDRs may hold up the start, in ms. The Node's zone decides
 * which endpoints are near; without it they are all the same.
 */
const NODE_PATIENCE_MS = 30_000;

/** An API server as a source: all Services, EndpointSlices and ServiceCIDRs, and the own Node. */
export class ApiSource implements ObjectSource {
	readonly #options: ApiSourceOptions;
	readonly #client: ApiClient;
	readonly #timings: Timings;
	/** Writes to the same server; ends with the source. */
	readonly events: EventRecorder;
	readonly #stop = new AbortController();
	#reflectors: readonly Reflector[] = [];
	#runs: readonly Promise<void>[] = [];
	#outbox: Outbox | undefined;
	#nodeTimer: NodeJS.Timeout | undefined;
	#synced = false;

	/** Throws ApiConfigError when there is no usable configuration. */
	constructor(options: ApiSourceOptions) {
		this.#options = options;
		this.#timings = { ...DEFAULT_TIMINGS, ...options.timings };
		this.#client = new ApiClient(new ApiAccess(options.access), this.#timings, options.requests);
		const { nodeName, log, clock = systemClock } = options;
		this.events = new EventRecorder({
			client: this.#client,
			nodeName,
			log,
			clock,
			timings: this.#timings,
		});
	}

	start(listener: SourceListener): void {
		const { log, clock = systemClock, nodeName } = this.#options;
		this.#outbox = new Outbox(listener, log);
		const shared = {
			client: this.#client,
			outbox: this.#outbox,
			interner: new Interner(),
			log,
			clock,
			timings: this.#timings,
			onSynced: () => this.#listed(),
		};
		const resources = [SERVICES, ENDPOINT_SLICES, nodeResource(nodeName), SERVICE_CIDRS];
		this.#reflectors = resources.map((resource) => new Reflector({ ...shared, resource }));
		this.#runs = this.#reflectors.map((reflector) => reflector.run(this.#stop.signal));
	}

	async stop(): Promise<void> {
		this.#outbox?.close();
		clearTimeout(this.#nodeTimer);
		this.#stop.abort();
		await Promise.all([...this.#runs, this.events.stop()]);
	}

	status(): readonly SourceStatus[] {
		return this.#reflectors.map(({ status }) => status);
	}

	#listed(): void {
		const [services, slices, node, cidrs] = this.#reflectors;
		if (!services?.status.synced || !slices?.status.synced) {
			return;
		}
		if (node?.settled && cidrs?.settled) {
			this.#announce();
		} else {
			this.#nodeTimer ??= setTimeout(() => this.#announce(), NODE_PATIENCE_MS);
		}
	}

	#announce(): void {
		clearTimeout(this.#nodeTimer);
		if (!this.#synced) {
			this.#synced = true;
			this.#outbox?.sync();
		}
	}
}
