import type { Measured, Outcome } from "../lib/figure.ts";
import { interleave } from "../lib/rounds.ts";
import type { Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
import { type Kind, openPacketPath } from "./cost.ts";

const ROUNDS = 15;

/** Nanoseconds of one run, one value per round. */
type Times = Record<Kind, number[]>;

/** Costs of the packet path, in lookups of the same run. */
export const packetSection: Section = {
	title: "packet path",
	ids: ["D7", "D9", "D10"],
	async run(progress, { sizes }) {
		const found: Outcome[] = [];
		for (const services of sizes) {
			progress(`${services} services, ${ROUNDS} rounds of test-runs`);
			const path = await openPacketPath(services);
			try {
				found.push(...outcomes(await interleave(ROUNDS, path.ns), services));
			} finally {
				path.close();
			}
		}
		return found;
	},
};

function outcomes(times: Times, services: number): Outcome[] {
	const unit = times.lookup.map((ns, round) => ns - (times.empty[round] ?? 0));
	const ratio = (ns: readonly number[], base: readonly number[]) =>
		spread(ns.map((value, round) => (value - (base[round] ?? 0)) / (unit[round] ?? Number.NaN)));
	const lookupNs = `a lookup ${spread(unit).median.toFixed(0)} ns`;
	const figure = (id: string, ns: readonly number[], base: readonly number[]): Measured => {
		const { median, min, max } = ratio(ns, base);
		return { id, value: median, min, max, rounds: ROUNDS, peer: "hot lookup", services };
	};
	const net = (ns: readonly number[], base: readonly number[]) =>
		`${spread(ns.map((value, round) => value - (base[round] ?? 0))).median.toFixed(0)} ns`;
	const v6 = ratio(times.flow6, times.empty).median.toFixed(2);
	const { empty, flow4, flow6, foreign, fresh, wrap } = times;
	return [
		{
			...figure("D7", flow4, empty),
			note: `IPv4 ${net(flow4, empty)}; IPv6 ${net(flow6, empty)}, ${v6} lookups; ${lookupNs}`,
		},
		{ ...figure("D9", fresh, wrap), note: `${net(fresh, wrap)}; ${lookupNs}` },
		{ ...figure("D10", foreign, empty), note: `${net(foreign, empty)}; ${lookupNs}` },
	];
}
