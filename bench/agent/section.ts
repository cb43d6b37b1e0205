import { Cluster } from "../../test/cluster/lib/cluster.ts";
import { agentCommand } from "../../test/lib/net/agent-command.ts";
import { until } from "../../test/lib/net/command.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import type { RunningProcess } from "../../test/lib/net/process.ts";
import type { Measured, Outcome } from "../lib/figure.ts";
import { type ApiObject, endpointAddresses, makeService } from "../lib/objects.ts";
import type { Section } from "../lib/section.ts";
import { putObjects } from "./etcd.ts";
import { type MapMemory, mapMemory } from "./map-memory.ts";
import { type Memory, memory } from "./process.ts";
import { checkPrograms } from "./programs.ts";

/** After the first sync, for what it needed to be given back. */
const SETTLE_MS = 5000;
const PEER = "kube-apiserver";
/** The event loop's delay is sampled by a timer of 10 ms, which is part of each sample. */
const TIMER_MS = 10;

/** A cluster's size. */
interface AgentSize {
	readonly services: number;
	/** Of each Service. */
	readonly endpoints: number;
}

/** Those that the product promises. */
const SIZES: readonly AgentSize[] = [
	{ services: 10_000, endpoints: 10 },
	{ services: 50_000, endpoints: 5 },
];

/** Memory and stalls of an agent that starts with everything in the API server. */
export const agentSection: Section = {
	title: "agent",
	ids: ["P5", "P6", "P8"],
	async run(progress, { sizes }) {
		checkPrograms();
		const found: Outcome[] = [];
		for (const size of SIZES.filter(({ services }) => sizes.includes(services))) {
			progress("starting etcd, kube-apiserver, kube-controller-manager");
			const cluster = await Cluster.create({ pods: {} });
			try {
				progress(`storing ${size.services} services x ${size.endpoints} endpoints`);
				putObjects(cluster.lab, bulk(size));
				progress("the agent's first sync");
				found.push(...(await measure(cluster, size)));
			} finally {
				cluster.close();
			}
		}
		return found;
	},
};

function bulk({ services, endpoints }: AgentSize): ApiObject[] {
	return Array.from({ length: services }, (_, number) => number).flatMap((number) => {
		const { service, slice } = makeService(number, endpointAddresses(number, endpoints));
		return [service, slice];
	});
}

async function measure(cluster: Cluster, { services }: AgentSize): Promise<Measured[]> {
	const node = cluster.lab.node(1);
	const start = performance.now();
	const agent = startAgent(cluster, node);
	await until("the agent is healthy", () => healthy(cluster, node, agent), 120_000);
	const startSec = (performance.now() - start) / 1000;
	await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
	const used = memory(agent.pid);
	const stall = longestStallMs(node);
	const maps = mapMemory(node);
	await agent.stop();
	const common = { rounds: 1, services, peer: PEER };
	return [
		{
			id: "P5",
			value: used.now,
			min: used.now,
			max: used.peak,
			...common,
			...noteOf(used, startSec),
		},
		{
			...{ id: "P6", value: stall, min: stall, max: stall, ...common },
			note: "since the agent began to serve, loading of the programs left out",
		},
		mapFigure(maps, common),
	];
}

function noteOf({ anonymous, file }: Memory, startSec: number): { note: string } {
	return {
		note:
			`${anonymous.toFixed(0)} MiB of it the process's own, ${file.toFixed(0)} MiB Node's program and the maps; ` +
			`healthy ${startSec.toFixed(1)} s after the start`,
	};
}

function mapFigure(
	{ withoutFlows, flows, flowEntries, largest }: MapMemory,
	common: Pick<Measured, "rounds" | "services" | "peer">,
): Measured {
	const { name, mib } = largest;
	return {
		...{ id: "P8", value: withoutFlows, min: withoutFlows, max: withoutFlows, ...common },
		note:
			`most of it ${name}: ${mib.toFixed(0)} MiB; beside it ${flows.toFixed(0)} MiB of flow tables ` +
			`with room for ${flowEntries} entries`,
	};
}

/** Before all other programs, so that its event loop waits for itself only. */
function startAgent({ agentSource }: Cluster, node: LabNode): RunningProcess {
	return node.place.start(["nice", "-n", "-20", ...agentCommand(node, agentSource)]);
}

function healthy(cluster: Cluster, node: LabNode, agent: RunningProcess): true | undefined {
	if (agent.ended) throw new Error(`the agent ended:\n${agent.stderr.slice(-2000)}`);
	return cluster.healthz(node) === 200 ? true : undefined;
}

/** Since the agent's start, as nobody has read its metrics before. */
function longestStallMs(node: LabNode): number {
	const text = node.place.run(["curl", "-sS", "http://127.0.0.1:10249/metrics"]);
	const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
	if (seconds === undefined) throw new Error("the agent's metrics name no event loop delay");
	return Math.max(0, Number(seconds) * 1000 - TIMER_MS);
}
