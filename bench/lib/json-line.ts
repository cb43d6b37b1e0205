import { type Absence, isMeasured, isMet, type Outcome, type Target } from "./figure.ts";
import type { Origin } from "./origin.ts";

/** One figure of a run as its line of JSON holds it. */
export interface FigureLine extends Origin {
	readonly id: string;
	/** What was measured, where one id has several; null: it has one. */
	readonly variant: string | null;
	/** Median; null: there is none, and `absence` and `note` say why. */
	readonly value: number | null;
	readonly min: number | null;
	readonly max: number | null;
	readonly unit: string;
	/** The number to reach; null: there is none. */
	readonly target: number | null;
	readonly bound: Target["bound"];
	/** null: no verdict. */
	readonly ok: boolean | null;
	/** What the value is relative to, or where its input came from. */
	readonly peer: string | null;
	readonly services: number | null;
	readonly rounds: number;
	/** What is measured, in a few words. */
	readonly what: string;
	/** 95 % interval of the median. */
	readonly interval?: readonly [low: number, high: number];
	readonly absence?: Absence;
	readonly note?: string;
}

/** One figure as its line holds it; numbers have five significant digits. */
export function figureLine(target: Target, outcome: Outcome, origin: Origin): FigureLine {
	const { id, unit, bound, what } = target;
	const common = {
		variant: outcome.variant ?? null,
		unit,
		target: target.limit ?? null,
		bound,
		peer: outcome.peer ?? null,
		services: outcome.services ?? null,
		...origin,
		what,
	};
	if (!isMeasured(outcome)) {
		const absence = outcome.absence ?? "NOT MEASURED";
		const none = { value: null, min: null, max: null, ok: null, rounds: 0 };
		return { id, ...none, ...common, absence, note: outcome.reason };
	}
	const { value, min, max, rounds, interval, kernel, note } = outcome;
	return {
		...{ id, value: rounded(value), min: rounded(min), max: rounded(max) },
		...common,
		...(kernel === undefined ? {} : { kernel }),
		...{ ok: isMet(target, outcome) ?? null, rounds },
		...(interval ? { interval: [rounded(interval.low), rounded(interval.high)] as const } : {}),
		...(note === undefined ? {} : { note }),
	};
}

function rounded(value: number): number {
	return Number(value.toPrecision(5));
}
