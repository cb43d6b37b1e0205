import type { FigureLine } from "../lib/json-line.ts";

/** One line of a chart: values by number of Services. */
export interface Series {
	readonly name: string;
	readonly points: readonly (readonly [services: number, value: number])[];
}

/** What a chart shows; both axes of lines are logarithmic where that is said. */
export interface Chart {
	/** Of the file, without its ending. */
	readonly name: string;
	readonly title: string;
	/** What the values are. */
	readonly unit: string;
	readonly content:
		| { readonly kind: "lines"; readonly log: boolean; readonly series: readonly Series[] }
		| { readonly kind: "bars"; readonly bars: readonly Bar[] };
}

/** One bar of a chart. */
export interface Bar {
	readonly name: string;
	readonly value: number;
	/** Of one of our paths. */
	readonly own: boolean;
}

/** A chart, or why there is none: the figures that it needs were not measured. */
export type Charted = Chart | { readonly name: string; readonly missing: string };

/** Every chart that the document has room for, in its order. */
export function charts(lines: readonly FigureLine[]): Charted[] {
	return [
		connections(lines),
		byProxy(lines, "P2", {
			...{ name: "endpoint-change", unit: "ms, median" },
			title: "Endpoint change, from the API server's answer to the first connection there",
		}),
		byProxy(lines, "P1", {
			...{ name: "start", unit: "s, median" },
			title: "Start of the proxy to the last Service reachable",
		}),
		byProxy(lines, "P7", {
			...{ name: "cpu-per-change", unit: "ms, median" },
			title: "CPU time of the proxy for one endpoint change",
		}),
		byProxy(lines, "P5", {
			...{ name: "memory", unit: "MiB" },
			title: "Resident memory of the agent",
		}),
		instructions(lines),
	];
}

/** D1 - D3, and the peers' rows of D4 and D5: all relative to direct. */
function connections(lines: readonly FigureLine[]): Charted {
	const of = new Map<string, [number, number][]>();
	for (const { id, variant, peer, services, value } of lines) {
		if (peer !== "direct" || services === null || value === null) continue;
		const name = connectionName(id, variant ?? "");
		if (name === undefined) continue;
		of.set(name, [...(of.get(name) ?? []), [services, value]]);
	}
	const title = "New TCP connections through a ClusterIP, relative to the pod's own address";
	return lineChart({ name: "connections", title, unit: "rate, direct = 1" }, of, false);
}

const OWN_PATHS: Readonly<Record<string, string>> = {
	D1: "Sluice, socket",
	D2: "Sluice, redirect",
	D3: "Sluice, stack",
};

/** The series that a figure belongs to; undefined: none. */
function connectionName(id: string, variant: string): string | undefined {
	if (id in OWN_PATHS) return OWN_PATHS[id];
	if (id !== "D4" && id !== "D5") return undefined;
	return variant.endsWith("middle rule") ? undefined : variant.replace(", last rule", "");
}

type Heading = Pick<Chart, "name" | "title" | "unit">;

/**
 * A figure whose variants are proxies; one without a variant is the agent's. Percentiles, whose names
 * have a comma, are left out.
 */
function byProxy(lines: readonly FigureLine[], id: string, heading: Heading): Charted {
	const of = new Map<string, [number, number][]>();
	for (const line of lines) {
		const { services, value } = line;
		const proxy = line.variant ?? "Sluice";
		if (line.id !== id || proxy.includes(",")) continue;
		if (services === null || value === null) continue;
		of.set(proxy, [...(of.get(proxy) ?? []), [services, value]]);
	}
	return lineChart(heading, of, true);
}

function lineChart(heading: Heading, of: Map<string, [number, number][]>, log: boolean): Charted {
	if (of.size === 0) return { name: heading.name, missing: "its figures were not measured" };
	const series = [...of].map(([name, points]) => {
		return { name, points: points.toSorted(([a], [b]) => a - b) };
	});
	return { ...heading, content: { kind: "lines", log, series } };
}

/** As D13 calls our paths. */
const COUNTED_PATHS = ["socket", "peer", "fib", "stack"];

/** D13 at the size at which most variants were counted; of several such, at the largest. */
function instructions(lines: readonly FigureLine[]): Charted {
	const name = "instructions";
	const counted = lines.filter(({ id, value }) => id === "D13" && value !== null);
	const sizes = Map.groupBy(counted, ({ services }) => services ?? 0);
	const [most] = [...sizes].toSorted(([a, x], [b, y]) => y.length - x.length || b - a);
	if (most === undefined) return { name, missing: "its figures were not measured" };
	const [services, figures] = most;
	const bars = figures.map(({ variant, value }) => ({
		...{ name: variant ?? "", value: value ?? 0 },
		own: COUNTED_PATHS.includes(variant ?? ""),
	}));
	return {
		name,
		title: `Instructions of a TCP connection in a counted guest, ${services} Services`,
		unit: "relative to direct",
		content: { kind: "bars", bars: bars.toSorted((a, b) => a.value - b.value) },
	};
}
