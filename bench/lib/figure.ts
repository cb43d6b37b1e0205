import type { Interval } from "./statistics.ts";

/** Which figures of an id a target is about; what is left out may be anything. */
export interface Which {
	readonly variant?: string;
	readonly peer?: string;
	readonly services?: number;
}

/** A number to reach. */
export interface Target extends Which {
	readonly id: string;
	/** What is measured, in a few words. */
	readonly what: string;
	readonly unit: string;
	/** Undefined: the figure is shown beside others, and there is nothing to reach. */
	readonly limit?: number;
	/** Whether the limit is the most or the least that is right. */
	readonly bound: "at most" | "at least";
}

/** What was measured for a target. */
export interface Measured {
	readonly id: string;
	/** What was measured, where one id has several: a path, a mode, a part. */
	readonly variant?: string;
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
	/** Release of the kernel, where it is not this machine's. */
	readonly kernel?: string;
	/** What else the run has shown, in a sentence. */
	readonly note?: string;
}

/** Why there is no value: only the first is a failure of the run. */
export type Absence = "NOT MEASURED" | "DID NOT FINISH" | "NOT YET";

/** A figure without a value. */
export interface Unmeasured extends Which {
	readonly id: string;
	readonly reason: string;
	/** Default: "NOT MEASURED". */
	readonly absence?: Absence;
}

export type Outcome = Measured | Unmeasured;

export function isMeasured(outcome: Outcome): outcome is Measured {
	return "value" in outcome;
}

/** Whether the run has failed to measure it. */
export function isFailure(outcome: Outcome): boolean {
	return !isMeasured(outcome) && (outcome.absence ?? "NOT MEASURED") === "NOT MEASURED";
}

/** The target of a figure: of those that fit, the one that says most about which figures it means. */
export function targetOf(targets: readonly Target[], outcome: Outcome): Target | undefined {
	const fits = (target: Target): boolean =>
		target.id === outcome.id && KEYS.every((key) => isOpen(target, key, outcome[key]));
	return targets.filter(fits).toSorted((a, b) => precision(b) - precision(a))[0];
}

/**
 * Whether a target is met; undefined: it has no limit. Of paired ratios near 1, whose rounds spread
 * more than the target's distance, a miss is what the whole 95 % interval shows.
 */
export function isMet(target: Target, { value, interval }: Measured): boolean | undefined {
	if (target.limit === undefined) return undefined;
	if (target.bound === "at most") return (interval?.low ?? value) <= target.limit;
	return (interval?.high ?? value) >= target.limit;
}

const KEYS = ["variant", "peer", "services"] as const;

/** Whether a target asks nothing of a property, or what it is. */
function isOpen(target: Target, key: (typeof KEYS)[number], value: unknown): boolean {
	return target[key] === undefined || target[key] === value;
}

function precision(target: Target): number {
	return KEYS.filter((key) => target[key] !== undefined).length;
}
