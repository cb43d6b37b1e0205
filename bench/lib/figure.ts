import type { Interval } from "./statistics.ts";

/** A number to reach. */
export interface Target {
	readonly id: string;
	/** What is measured, in a few words. */
	readonly what: string;
	readonly unit: string;
	readonly limit: number;
	/** Whether the limit is the most or the least that is right. */
	readonly bound: "at most" | "at least";
}

/** What was measured for a target. */
export interface Measured {
	readonly id: string;
	/** Median of the rounds; for a single measurement, the measurement. */
	readonly value: number;
	readonly min: number;
	readonly max: number;
	readonly rounds: number;
	/** Of the median of paired ratios; the verdict is then about the interval. */
	readonly interval?: Interval;
	/** What the value is relative to, or where its input came from. */
	readonly peer?: string;
	readonly services: number;
	/** What else the run has shown, in a sentence. */
	readonly note?: string;
}

/** A figure that could not be measured. */
export interface Unmeasured {
	readonly id: string;
	readonly reason: string;
}

export type Outcome = Measured | Unmeasured;

export function isMeasured(outcome: Outcome): outcome is Measured {
	return "value" in outcome;
}

/**
 * Whether a target is met. Of paired ratios near 1, whose rounds spread more than the target's
 * distance, a miss is what the whole 95 % interval shows.
 */
export function isMet(target: Target, { value, interval }: Measured): boolean {
	if (target.bound === "at most") return (interval?.low ?? value) <= target.limit;
	return (interval?.high ?? value) >= target.limit;
}
