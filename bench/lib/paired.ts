import type { Measured } from "./figure.ts";
import { medianInterval, pairedRatios, spread } from "./statistics.ts";

/** An interval that shows more of the machine than of what is compared. */
const WIDE = 0.1;

/** A figure without its numbers. */
export type Naming = Pick<Measured, "id" | "services"> &
	Partial<Pick<Measured, "variant" | "peer" | "note">>;

/** Ratios of what was measured in the same rounds as a figure, with the interval of their median. */
export function pairedFigure(
	values: readonly number[],
	base: readonly number[],
	naming: Naming,
): Measured {
	const ratios = pairedRatios(values, base);
	const { median, min, max } = spread(ratios);
	const interval = medianInterval(ratios);
	const wide = (interval.high - interval.low) / median > WIDE;
	const note = [naming.note, wide ? "wide: the machine was busy" : undefined].filter(
		(part) => part !== undefined,
	);
	return {
		...{ ...naming, value: median, min, max, rounds: ratios.length, interval },
		...(note.length === 0 ? {} : { note: note.join("; ") }),
	};
}
