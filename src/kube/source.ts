import type { Logger } from "../log.ts";
import type { ObjectSource, SourceListener, SourceStatus } from "../model/objects.ts";
import { ApiAccess, type ApiAccessOptions } from "./api-access.ts";
import { ApiClient } from "./api-client.ts";
import { type Clock, DEFAULT_TIMINGS, systemClock, type Timings } from "./clock.ts";
import { Interner } from "./intern.ts";
import { Outbox } from "./outbox.ts";
import { Reflector } from "./reflector.ts";
import { ENDPOINT_SLICES, nodeResource, SERVICES } from "./resource.ts";

export interface ApiSourceOptions {
	readonly access: ApiAccessOptions;
	/** The node whose Node object is followed. */
	readonly nodeName: string;
	readonly log: Logger;
	readonly clock?: Clock;
	readonly timings?: Partial<Timings>;
}

/**
 * How long the own Node may hold up the start, in ms. Its zone decides which endpoints are near;
 * without it they are all the same.
 */
const NODE_PATIENCE_MS = 3000;

/** An API server as a source of objects: all Services, all EndpointSlices and the own Node. */
export class ApiSource implements ObjectSource {
	readonly #options: ApiSourceOptions;
	readonly #client: ApiClient;
	readonly #timings: Timings;
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
		this.#client = new ApiClient(new ApiAccess(options.access), this.#timings);
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
		this.#reflectors = [SERVICES, ENDPOINT_SLICES, nodeResource(nodeName)].map(
			(resource) => new Reflector({ ...shared, resource }),
		);
		this.#runs = this.#reflectors.map((reflector) => reflector.run(this.#stop.signal));
	}

	async stop(): Promise<void> {
		this.#outbox?.close();
		clearTimeout(this.#nodeTimer);
		this.#stop.abort();
		await Promise.all(this.#runs);
	}

	status(): readonly SourceStatus[] {
		return this.#reflectors.map(({ status }) => status);
	}

	#listed(): void {
		const [services, slices, node] = this.#reflectors;
		if (!services?.status.synced || !slices?.status.synced) {
			return;
		}
		if (node?.status.synced) {
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
