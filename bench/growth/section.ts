import { join } from "node:path";

import { Lab } from "../../test/lib/net/lab.ts";
import { PathNode } from "../connections/node.ts";
import { buildTraffic, pairPods } from "../connections/pair.ts";
import { PATHS } from "../connections/paths.ts";
import type { Outcome } from "../lib/figure.ts";
import { writeBulk } from "../lib/manifests.ts";
import { endpointsOfEach } from "../lib/objects.ts";
import { pairedFigure } from "../lib/paired.ts";
import { interleave } from "../lib/rounds.ts";
import type { Progress, Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
import { type Kind, openPacketPath, type PacketPath } from "../packet/cost.ts";

const ROUNDS = 25;
const PACKET_ROUNDS = 15;
const ROUND_MS = 250;
const WARM_UP_MS = 200;

/**
 * What a connection and a packet cost with the most Services, relative to what they cost with the
 * fewest: both settings exist at once and take turns, so that growth of a few percent shows.
 */
export const growthSection: Section = {
	title: "growth",
	ids: ["D12"],
	async run(progress, { sizes }) {
		const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
		if (least === most) throw new Error("growth needs two sizes");
		return [
			...(await packetGrowth(least, most, progress)),
			...(await connectionGrowth(least, most, progress)),
		];
	},
};

/** Of D7, D9 and D10: the kind of packet, and what is subtracted from it. */
const PACKETS: readonly (readonly [name: string, kind: Kind, base: Kind])[] = [
	["D7, established packet", "flow4", "empty"],
	["D9, new flow", "fresh", "wrap"],
	["D10, packet of nobody's", "foreign", "empty"],
];

/** Kinds that PACKETS needs. */
const KINDS: readonly Kind[] = ["empty", "flow4", "fresh", "wrap", "foreign"];

async function packetGrowth(least: number, most: number, progress: Progress): Promise<Outcome[]> {
	progress(`${PACKET_ROUNDS} rounds of test-runs at ${least} and ${most} services`);
	const opened: PacketPath[] = [];
	try {
		for (const services of [least, most]) opened.push(await openPacketPath(services));
		const variants = opened.flatMap(({ ns }, index) =>
			KINDS.map((kind) => [`${index} ${kind}`, ns[kind]] as const),
		);
		const times = await interleave(PACKET_ROUNDS, Object.fromEntries(variants));
		const net = (index: number, kind: Kind, base: Kind): number[] => {
			const without = times[`${index} ${base}`] ?? [];
			return (times[`${index} ${kind}`] ?? []).map((ns, round) => ns - (without[round] ?? 0));
		};
		return PACKETS.map(([variant, kind, base]) =>
			growth(variant, [net(0, kind, base), net(1, kind, base)], [least, most], "ns"),
		);
	} finally {
		for (const path of opened) path.close();
	}
}

async function connectionGrowth(
	least: number,
	most: number,
	progress: Progress,
): Promise<Outcome[]> {
	buildTraffic();
	const count = 2 * PATHS.length;
	const lab = Lab.create({ nodes: count, pods: pairPods(count), guarded: false });
	try {
		const nodes = new Map<string, PathNode>();
		for (const services of [least, most]) {
			progress(`an agent per path with ${services} services`);
			for (const [name, node] of await startPaths(lab, services, nodes.size)) {
				nodes.set(`${name} ${services}`, node);
			}
		}
		progress(`${ROUNDS} rounds of ${ROUND_MS} ms per path and size`);
		const variants = [...nodes].map(([name, node]) => [name, () => node.rate(ROUND_MS)] as const);
		const rates = await interleave(ROUNDS, Object.fromEntries(variants));
		const costs = (name: string): number[] => (rates[name] ?? []).map((rate) => 1e6 / rate);
		return PATHS.map(({ name }, index) => {
			const pair = [costs(`${name} ${least}`), costs(`${name} ${most}`)] as const;
			return growth(`D${index + 1}, ${name}`, pair, [least, most], "us");
		});
	} finally {
		lab.close();
	}
}

/** One node for each path, by its name, on the lab's nodes after the first `taken`. */
async function startPaths(lab: Lab, services: number, taken: number) {
	const file = join(lab.directory, `bulk-${services}.json`);
	// The node's own Service is one of them.
	const bulk = { file, services: services - 1 };
	writeBulk(file, bulk.services, endpointsOfEach(services));
	const nodes = new Map<string, PathNode>();
	for (const [index, path] of PATHS.entries()) {
		const node = await PathNode.start(lab, taken + index + 1, path, bulk);
		await node.rate(WARM_UP_MS);
		node.checkWay();
		nodes.set(path.name, node);
	}
	return nodes;
}

function growth(
	variant: string,
	[small, big]: readonly [readonly number[], readonly number[]],
	[least, most]: readonly [number, number],
	unit: string,
): Outcome {
	const median = (values: readonly number[]) => spread(values).median.toFixed(1);
	const note = `${median(small)} ${unit} grow to ${median(big)}`;
	const naming = { id: "D12", variant, services: most, peer: `${least} services` };
	return pairedFigure(big, small, { ...naming, note });
}
