import { join } from "node:path";

import { Lab } from "../../test/lib/net/lab.ts";
import type { Outcome } from "../lib/figure.ts";
import { writeBulk } from "../lib/manifests.ts";
import { pairedFigure } from "../lib/paired.ts";
import { interleave } from "../lib/rounds.ts";
import type { Progress, Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
import { PathNode, startDirect } from "./node.ts";
import { buildTraffic, pairPods } from "./pair.ts";
import { PATHS } from "./paths.ts";

const SERVICES = 10_000;
const ENDPOINTS = 10;
const ROUNDS = 25;
const ROUND_MS = 250;
const WARM_UP_MS = 200;
const NODES = PATHS.length + 1;

type Rates = Record<"direct" | "socket" | "redirect" | "stack", number[]>;

/** Rates of new connections through a Service, relative to the pod's own address. */
export const connectionSection: Section = {
	title: "connections",
	ids: ["D1", "D2", "D3"],
	async run(progress) {
		buildTraffic();
		const lab = Lab.create({ nodes: NODES, pods: pairPods(NODES), guarded: false });
		try {
			return outcomes(await measure(lab, progress));
		} finally {
			lab.close();
		}
	},
};

async function measure(lab: Lab, progress: Progress): Promise<Rates> {
	const bulk = { file: join(lab.directory, "bulk.json"), services: SERVICES };
	writeBulk(bulk.file, SERVICES, ENDPOINTS);
	progress(`an agent per path, ${SERVICES} services x ${ENDPOINTS} endpoints each`);
	const direct = await startDirect(lab, NODES);
	const nodes: Record<string, PathNode> = {};
	for (const [index, path] of PATHS.entries()) {
		const node = await PathNode.start(lab, index + 1, path, bulk);
		await node.rate(WARM_UP_MS);
		node.checkWay();
		nodes[path.name] = node;
	}
	const rate = (name: string) => (): Promise<number> => {
		const node = nodes[name];
		if (node === undefined) throw new Error(`no node for path ${name}`);
		return node.rate(ROUND_MS);
	};
	await direct(WARM_UP_MS);
	progress(`${ROUNDS} rounds of ${ROUND_MS} ms per path`);
	return await interleave(ROUNDS, {
		direct: () => direct(ROUND_MS),
		socket: rate("socket"),
		redirect: rate("redirect"),
		stack: rate("stack"),
	});
}

function outcomes(rates: Rates): Outcome[] {
	const perSecond = (name: keyof Rates) => `${name} ${spread(rates[name]).median.toFixed(0)}/s`;
	const figure = (id: string, name: keyof Rates) =>
		pairedFigure(rates[name], rates.direct, {
			...{ id, peer: "direct", services: SERVICES },
			note: `${perSecond(name)}, ${perSecond("direct")}`,
		});
	return [figure("D1", "socket"), figure("D2", "redirect"), figure("D3", "stack")];
}
