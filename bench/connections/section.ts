import { join } from "node:path";

import { Lab } from "../../test/lib/net/lab.ts";
import type { Measured, Outcome } from "../lib/figure.ts";
import { writeBulk } from "../lib/manifests.ts";
import { interleave } from "../lib/rounds.ts";
import type { Progress, Section } from "../lib/section.ts";
import { medianInterval, pairedRatios, spread } from "../lib/statistics.ts";
import { buildTraffic, PATHS, PathNode } from "./node.ts";

const SERVICES = 10_000;
const ENDPOINTS = 10;
const ROUNDS = 25;
const ROUND_MS = 250;
const WARM_UP_MS = 200;
/** An interval that shows more of the machine than of the paths. */
const WIDE = 0.1;

type PathName = (typeof PATHS)[number]["name"];

/** Rates of new connections through a Service, relative to the pod's own address. */
export const connectionSection: Section = {
	title: "connections",
	ids: ["D1", "D2", "D3"],
	async run(progress) {
		buildTraffic();
		const pods: Record<string, number> = {};
		for (let number = 1; number <= PATHS.length; number++) {
			pods[`client${number}`] = number;
			pods[`server${number}`] = number;
		}
		const lab = Lab.create({ nodes: PATHS.length, pods });
		try {
			return outcomes(await measure(lab, progress));
		} finally {
			lab.close();
		}
	},
};

async function measure(lab: Lab, progress: Progress): Promise<Record<PathName, number[]>> {
	const file = join(lab.directory, "bulk.json");
	writeBulk(file, SERVICES, ENDPOINTS);
	progress(`an agent per path, ${SERVICES} services x ${ENDPOINTS} endpoints each`);
	const nodes = new Map<PathName, PathNode>();
	for (const [index, path] of PATHS.entries()) {
		const bulk = { file, services: SERVICES };
		nodes.set(path.name, await PathNode.start(lab, index + 1, path, bulk));
	}
	const rate = (name: PathName, ms: number): Promise<number> => {
		const node = nodes.get(name);
		if (node === undefined) throw new Error(`no node for path ${name}`);
		return node.rate(ms);
	};
	for (const node of nodes.values()) {
		await node.rate(WARM_UP_MS);
		node.checkWay();
	}
	progress(`${ROUNDS} rounds of ${ROUND_MS} ms per path`);
	return await interleave(ROUNDS, {
		direct: () => rate("direct", ROUND_MS),
		socket: () => rate("socket", ROUND_MS),
		redirect: () => rate("redirect", ROUND_MS),
		stack: () => rate("stack", ROUND_MS),
	});
}

function outcomes(rates: Record<PathName, number[]>): Outcome[] {
	const perSecond = (name: PathName) => `${name} ${spread(rates[name]).median.toFixed(0)}/s`;
	const figure = (id: string, name: PathName): Measured => {
		const ratios = pairedRatios(rates[name], rates.direct);
		const { median, min, max } = spread(ratios);
		const interval = medianInterval(ratios);
		const busy = interval.high - interval.low > WIDE ? "; wide: the machine was busy" : "";
		const note = `${perSecond(name)}, ${perSecond("direct")}${busy}`;
		return {
			...{ id, value: median, min, max, rounds: ROUNDS, interval, note },
			peer: "direct",
			services: SERVICES,
		};
	};
	return [figure("D1", "socket"), figure("D2", "redirect"), figure("D3", "stack")];
}
