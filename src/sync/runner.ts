/** Timers and clock, so that tests can bring their own. */
export interface RunnerClock {
	/** Monotonic, in ms. */
	now(): number;
	/** Calls back once, after that many ms; returns what cancels it. */
	after(ms: number, callback: () => void): () => void;
}

export interface RunnerOptions {
	/** The job. Never runs twice at a time. */
	readonly run: () => Promise<void>;
	/** Runs begin at least that far apart, in ms, except that one after a pause begins at once. */
	readonly minIntervalMs: number;
	/** From retry() to the run, in ms. */
	readonly retryMs?: number;
	/** Gets what the job throws, after which it is run again as by retry(). Without it: rejected. */
	readonly onError?: (error: unknown) => void;
	readonly clock?: RunnerClock;
}

const REAL_CLOCK: RunnerClock = {
	now: () => performance.now(),
	after: (ms, callback) => {
		const timer = setTimeout(callback, Math.ceil(ms));
		return () => clearTimeout(timer);
	},
};

/**
 * Runs a job at once for the first request, then at most every `minIntervalMs`, however many
 * requests come. Requests during a run lead to one more run.
 */
export class Runner {
	readonly #options: RunnerOptions;
	readonly #clock: RunnerClock;
	/** When the next run is to begin; Infinity: nobody wants one. */
	#dueMs = Number.POSITIVE_INFINITY;
	#lastStartMs = Number.NEGATIVE_INFINITY;
	#stopped = false;
	#running: Promise<void> | undefined;
	#cancelTimer: () => void = () => undefined;

	constructor(options: RunnerOptions) {
		this.#options = options;
		this.#clock = options.clock ?? REAL_CLOCK;
	}

	/** Something changed. */
	request(): void {
		this.#want(this.#lastStartMs + this.#options.minIntervalMs);
	}

	/** Something has to be tried again, later. */
	retry(): void {
		this.#want(this.#clock.now() + (this.#options.retryMs ?? 1000));
	}

	/** No run begins any more; resolves when the current one is over. */
	async stop(): Promise<void> {
		this.#stopped = true;
		this.#cancelTimer();
		await this.#running;
	}

	#want(dueMs: number): void {
		if (this.#stopped || dueMs >= this.#dueMs) return;
		this.#dueMs = dueMs;
		if (!this.#running) this.#schedule();
	}

	#schedule(): void {
		this.#cancelTimer();
		if (this.#stopped || this.#dueMs === Number.POSITIVE_INFINITY) return;
		const ms = this.#dueMs - this.#clock.now();
		if (ms <= 0) this.#begin();
		else this.#cancelTimer = this.#clock.after(ms, () => this.#begin());
	}

	#begin(): void {
		this.#dueMs = Number.POSITIVE_INFINITY;
		this.#lastStartMs = this.#clock.now();
		this.#running = this.#run();
	}

	async #run(): Promise<void> {
		try {
			await this.#options.run();
		} catch (error) {
			if (!this.#options.onError) throw error;
			this.#options.onError(error);
			this.retry();
		} finally {
			this.#running = undefined;
			this.#schedule();
		}
	}
}
