import { setTimeout as sleep } from "node:timers/promises";

/** Time and chance, so that tests can decide both. */
export interface Clock {
	/** 0 <= x < 1 */
	random(): number;
	/** Resolves early, without error, when the signal is aborted. */
	sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
	random: () => Math.random(),
	sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

/** How long the conversation with an API server may take, in ms. */
export interface Timings {
	/** Until TCP and TLS are established. */
	readonly connectMs: number;
	/** From there until the response's headers. */
	readonly responseMs: number;
	/** Between two items of a list. */
	readonly listSilenceMs: number;
	/** Between two initial events of a WatchList; then the server is taken not to know it. */
	readonly watchListSilenceMs: number;
	/** Between two events or bookmarks of a watch; servers send a bookmark about each minute. */
	readonly watchSilenceMs: number;
	/** A watch that lived as long as this was no failure. */
	readonly livedMs: number;
	/** First and longest pause between attempts. */
	readonly minPauseMs: number;
	readonly maxPauseMs: number;
}

export const DEFAULT_TIMINGS: Timings = {
	connectMs: 5_000,
	responseMs: 30_000,
	listSilenceMs: 30_000,
	watchListSilenceMs: 10_000,
	watchSilenceMs: 180_000,
	livedMs: 1_000,
	minPauseMs: 800,
	maxPauseMs: 30_000,
};
