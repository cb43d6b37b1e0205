import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cluster } from "../../test/cluster/lib/cluster.ts";
import { until } from "../../test/lib/net/command.ts";
import type { LabNode } from "../../test/lib/net/node.ts";
import type { RunningProcess } from "../../test/lib/net/process.ts";
import type { Outcome } from "../lib/figure.ts";
import { type ApiObject, endpointAddresses, makeService } from "../lib/objects.ts";
import type { Section } from "../lib/section.ts";
import { putObjects } from "./etcd.ts";

const SLUICE = fileURLToPath(new URL("../../bin/sluice", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("../../.cache/programs", import.meta.url));
const SERVICES = 10_000;
const ENDPOINTS = 10;
/** After the first sync, for what it needed to be given back. */
const SETTLE_MS = 5000;
const PEER = "kube-apiserver";
/** The event loop's delay is sampled by a timer of 10 ms, which is part of each sample. */
const TIMER_MS = 10;

/** Memory and stalls of an agent that starts with everything in the API server. */
export const agentSection: Section = {
	title: "agent",
	ids: ["P5", "P6"],
	async run(progress) {
		checkPrograms();
		progress("starting etcd, kube-apiserver, kube-controller-manager");
		const cluster = await Cluster.create({ pods: {} });
		try {
			progress(`storing ${SERVICES} services x ${ENDPOINTS} endpoints`);
			putObjects(cluster.lab, bulk());
			progress("the agent's first sync");
			return await measure(cluster);
		} finally {
			cluster.close();
		}
	},
};

/** Building them takes minutes, which is for `make programs` to do. */
function checkPrograms(): void {
	const programs = ["etcd", "kube-apiserver", "kube-controller-manager"];
	const missing = programs.filter((name) => !existsSync(join(PROGRAMS, name)));
	if (missing.length > 0) throw new Error(`${missing.join(", ")} not built: run make programs`);
}

function bulk(): ApiObject[] {
	return Array.from({ length: SERVICES }, (_, number) => number).flatMap((number) => {
		const { service, slice } = makeService(number, endpointAddresses(number, ENDPOINTS));
		return [service, slice];
	});
}

async function measure(cluster: Cluster): Promise<Outcome[]> {
	const node = cluster.lab.node(1);
	const start = performance.now();
	const agent = startAgent(cluster, node);
	await until("the agent is healthy", () => healthy(cluster, node, agent), 60_000);
	const startSec = (performance.now() - start) / 1000;
	await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
	const { now, peak, anonymous, file } = memory(agent.pid);
	const stall = longestStallMs(node);
	await agent.stop();
	const common = { rounds: 1, services: SERVICES, peer: PEER };
	return [
		{
			...{ id: "P5", value: now, min: now, max: peak, ...common },
			note:
				`${anonymous.toFixed(0)} MiB of it the process's own, ${file.toFixed(0)} MiB Node's program and the maps; ` +
				`healthy ${startSec.toFixed(1)} s after the start`,
		},
		{
			...{ id: "P6", value: stall, min: stall, max: stall, ...common },
			note: "since the agent began to serve, loading of the programs left out",
		},
	];
}

/** Before all other programs, so that its event loop waits for itself only. */
function startAgent({ plane }: Cluster, node: LabNode): RunningProcess {
	return node.place.start([
		...["nice", "-n", "-20", SLUICE, "agent"],
		`--kubeconfig=${plane.kubeconfigFile("system:kube-proxy")}`,
		`--hostname-override=${node.name}`,
		`--pin-path=${node.pinPath}`,
		`--cgroup-root=${node.cgroup}`,
	]);
}

function healthy(cluster: Cluster, node: LabNode, agent: RunningProcess): true | undefined {
	if (agent.ended) throw new Error(`the agent ended:\n${agent.stderr.slice(-2000)}`);
	return cluster.healthz(node) === 200 ? true : undefined;
}

/** Resident memory of a process in MiB. */
function memory(pid: number) {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	const field = (name: string): number => {
		const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
		if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
		return Number(kib) / 1024;
	};
	return {
		now: field("VmRSS"),
		peak: field("VmHWM"),
		anonymous: field("RssAnon"),
		file: field("RssFile"),
	};
}

/** Since the agent's start, as nobody has read its metrics before. */
function longestStallMs(node: LabNode): number {
	const text = node.place.run(["curl", "-sS", "http://127.0.0.1:10249/metrics"]);
	const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
	if (seconds === undefined) throw new Error("the agent's metrics name no event loop delay");
	return Math.max(0, Number(seconds) * 1000 - TIMER_MS);
}
