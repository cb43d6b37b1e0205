/** Whether Sluice's paths cost more than the committed table says. */
import { OPERATIONS, type Operation } from "./operations.ts";

/** Median instructions of each operation. */
export type Medians = Readonly<Record<Operation, number>>;

/** Medians by number of Services, then by variant. */
export type CountTable = Readonly<Record<string, Readonly<Record<string, Medians>>>>;

/** A path whose counts are compared, and what its ratio is taken to. */
export interface Path {
	readonly name: string;
	readonly base: string;
}

/** An operation of a path, beside what the table has for it. */
export interface Comparison {
	readonly services: string;
	readonly variant: string;
	readonly operation: Operation;
	/** 0.01: one percent more than in the table. */
	readonly growth: number;
	/** What was compared: counts, or ratios to direct where direct itself has changed. */
	readonly by: "count" | "ratio";
	readonly ok: boolean;
}

/** Growth that fails. Round trips spread less than the beginning and end of a connection. */
const ALLOWED: Medians = { crr: 0.01, rr: 0.005, udp: 0.005, "udp-message": 0.005 };

/**
 * What counts of the same kernel and the same QEMU differ by from one initramfs to another: where
 * direct differs by more, the setting is another.
 */
const NOISE: Medians = { crr: 0.005, rr: 0.002, udp: 0.002, "udp-message": 0.002 };

/** Compares those of `now` that the table knows. */
export function compare(table: CountTable, now: CountTable, paths: readonly Path[]): Comparison[] {
	return Object.entries(now).flatMap(([services, counts]) =>
		paths.flatMap(({ name, base }) => {
			const known = table[services] ?? {};
			const growth = growths(known[name], counts[name]);
			if (growth === undefined) return [];
			const moved = growths(known[base], counts[base]);
			return OPERATIONS.map((operation) => {
				const place = { services, variant: name, operation };
				return { ...place, ...judge(operation, growth[operation], moved?.[operation] ?? 0) };
			});
		}),
	);
}

/** `counted`: growth of the count; `moved`: growth of direct. */
function judge(
	operation: Operation,
	counted: number,
	moved: number,
): Pick<Comparison, "growth" | "by" | "ok"> {
	const by = Math.abs(moved) > NOISE[operation] ? "ratio" : "count";
	const growth = by === "ratio" ? (1 + counted) / (1 + moved) - 1 : counted;
	return { growth, by, ok: growth <= ALLOWED[operation] };
}

function growths(before: Medians | undefined, after: Medians | undefined): Medians | undefined {
	if (before === undefined || after === undefined) return undefined;
	const entries = OPERATIONS.map((name) => [name, after[name] / before[name] - 1] as const);
	return Object.fromEntries(entries) as unknown as Medians;
}
