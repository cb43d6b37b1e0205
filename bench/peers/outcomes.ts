import type { Outcome } from "../lib/figure.ts";
import { pairedFigure } from "../lib/paired.ts";
import { spread } from "../lib/statistics.ts";

/** What was measured of one subject, by round. */
export interface Series {
	/** Such as "socket" or "kube-proxy nftables". */
	readonly name: string;
	/** Which of its Services was asked; "" where it makes no difference. */
	readonly place: string;
	readonly values: readonly number[];
	readonly note: string;
}

/** The figure of each of our paths, relative to direct. */
const OWN: Readonly<Record<string, string>> = { socket: "D1", redirect: "D2", stack: "D3" };
const PEER = /^kube-proxy /;

/**
 * D1 - D5 of one size. A path of ours has the name of the figure it is, and is compared with each
 * peer: the socket path with every place of the peer's rules, the others with the last.
 */
export function rateOutcomes(series: readonly Series[], services: number): Outcome[] {
	const base = directOf(series);
	const own = series.filter(({ name }) => name in OWN);
	const peers = series.filter(({ name }) => PEER.test(name));
	const perSecond = ({ values }: Series): string => `${spread(values).median.toFixed(0)}/s`;
	const figure = (id: string, of: Series, to: Series, variant?: string): Outcome => {
		const rates = `${perSecond(of)} against ${perSecond(to)}`;
		const note = to === base && of.note !== "" ? `${rates}; ${of.note}` : rates;
		return pairedFigure(of.values, to.values, {
			...{ id, services, peer: to.name },
			...(to === base ? { note } : {}),
			...(variant === undefined ? {} : { variant }),
		});
	};
	return [
		...own.map((one) => figure(OWN[one.name] ?? "", one, base)),
		...peers.flatMap((peer) => [
			...own
				.filter(({ name }) => name === "socket" || peer.place !== "middle rule")
				.map((one) => figure(idOf(peer), one, peer, named(one.name, peer.place))),
			figure(idOf(peer), peer, base, named(peer.name, peer.place)),
		]),
	];
}

/** D6 of one size: streams of everything, relative to direct. */
export function streamOutcomes(series: readonly Series[], services: number): Outcome[] {
	const base = directOf(series);
	const gigabits = ({ values }: Series): string =>
		`${((spread(values).median * 8) / 1e9).toFixed(1)} Gbit/s`;
	return series
		.filter((one) => one !== base)
		.map((one) =>
			pairedFigure(one.values, base.values, {
				...{ id: "D6", variant: one.name, peer: base.name, services },
				note: `${gigabits(one)} against ${gigabits(base)}`,
			}),
		);
}

/** The rows of a kube-proxy that did not serve in time. */
export function unfinished(mode: string, services: number, limitSec: number): Outcome {
	return {
		...{ id: mode === "nftables" ? "D5" : "D4", variant: "socket", peer: `kube-proxy ${mode}` },
		...{ services, absence: "DID NOT FINISH" },
		reason: `kube-proxy did not serve within ${limitSec} s of its start`,
	};
}

function directOf(series: readonly Series[]): Series {
	const found = series.find(({ name }) => name === "direct");
	if (found === undefined) throw new Error("nothing was measured without a Service");
	return found;
}

function idOf({ name }: Series): string {
	return name.endsWith("nftables") ? "D5" : "D4";
}

function named(name: string, place: string): string {
	return place === "" ? name : `${name}, ${place}`;
}
