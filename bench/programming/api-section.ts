import { Cluster } from "../../test/cluster/lib/cluster.ts";
import { serve } from "../../test/lib/net/traffic.ts";
import { putObjects } from "../agent/etcd.ts";
import { checkPrograms } from "../agent/programs.ts";
import type { Measured, Outcome } from "../lib/figure.ts";
import { type ApiObject, endpointAddresses, makeService, TARGET_PORT } from "../lib/objects.ts";
import type { Progress, Section } from "../lib/section.ts";
import { spread } from "../lib/statistics.ts";
import {
	CHANGE_LIMIT_MS,
	type Followed,
	follow,
	type Setting,
	START_LIMIT_MS,
	startMs,
} from "./follow.ts";
import { Peer } from "./kube-proxy.ts";
import { percentile } from "./percentile.ts";
import { probedService } from "./probe.ts";
import { type ServiceProxy, Sluice } from "./service-proxy.ts";

const ENDPOINTS = 10;
/** Starts of Sluice, and of a peer, which takes many times as long. */
const STARTS = 7;
const PEER_STARTS = 3;
const CHANGES = 100;
const PEER_CHANGES = 50;
/** A peer that has not made its starts, or followed its changes, by then has shown enough. */
const STARTS_MS = 40_000;
const CHANGES_MS = 40_000;
const absent = (reason: string) => ({ absence: "DID NOT FINISH", reason }) as const;
const NOT_STARTED = absent(`no answer in ${START_LIMIT_MS / 1000} s after the start`);
const NOT_FOLLOWED = absent(`a change was not followed in ${CHANGE_LIMIT_MS / 1000} s`);

/**
 * How long a proxy takes to start and to follow a change, and what a change costs it: Sluice, and the
 * real kube-proxy with the same objects of the same API server, each on a node of its own, one at a
 * time. A figure's variant is the proxy's name.
 */
export const apiSection: Section = {
	title: "programming from the API server",
	ids: ["P1", "P2", "P7"],
	async run(progress, { peerSizes }) {
		checkPrograms();
		progress("starting etcd, kube-apiserver, kube-controller-manager");
		const pods = { east: 1, west: 1, client1: 1, client2: 2, client3: 3 };
		const cluster = await Cluster.create({ pods, nodes: 3, guarded: false });
		try {
			const ascending = peerSizes.toSorted((a, b) => a - b);
			return await measure(cluster, ascending, progress);
		} finally {
			cluster.close();
		}
	},
};

/** From the smallest size on, as objects are only ever added. */
async function measure(cluster: Cluster, sizes: readonly number[], progress: Progress) {
	const { lab } = cluster;
	const servers = [lab.pod("east"), lab.pod("west")] as const;
	for (const { place, name } of servers) await serve(place, name, TARGET_PORT);
	putObjects(lab, probedService(servers[0]));
	const proxies = [
		new Sluice(cluster, lab.node(1)),
		new Peer(cluster, lab.node(2), "iptables-legacy"),
		new Peer(cluster, lab.node(3), "nftables"),
	];
	const found: Outcome[] = [];
	let stored = 1;
	for (const services of sizes) {
		progress(`storing ${services} services x ${ENDPOINTS} endpoints`);
		putObjects(lab, bulk(stored, services));
		stored = services;
		for (const proxy of proxies) {
			progress(`${proxy.name} at ${services} services`);
			const client = lab.pod(`client${proxy.node.number}`);
			found.push(...(await figures(proxy, services, { cluster, servers, client })));
		}
	}
	return found;
}

/** Services with numbers from `first` to `end` - 1; the one that is asked counts as number 0. */
function bulk(first: number, end: number): ApiObject[] {
	return Array.from({ length: end - first }, (_, i) => first + i).flatMap((number) => {
		const { service, slice } = makeService(number, endpointAddresses(number, ENDPOINTS));
		return [service, slice];
	});
}

/** Starts the proxy from nothing, several times; the last one then follows changes. */
async function figures(
	proxy: ServiceProxy,
	services: number,
	setting: Setting,
): Promise<Outcome[]> {
	const own = proxy instanceof Sluice;
	const which = { variant: proxy.name, services };
	const starts: number[] = [];
	const end = performance.now() + STARTS_MS;
	while (starts.length < (own ? STARTS : PEER_STARTS)) {
		if (starts.length > 0 && performance.now() > end) break;
		if (starts.length > 0) await proxy.stop();
		const ms = await startMs(proxy, setting);
		if (ms === undefined) {
			await proxy.stop();
			return ["P1", "P2", "P7"].map((id) => ({ id, ...which, ...NOT_STARTED }));
		}
		starts.push(ms / 1000);
	}
	const followed = await follow(proxy, setting, own ? CHANGES : PEER_CHANGES, CHANGES_MS);
	const rss = proxy.memory().now;
	await proxy.stop();
	const changed =
		followed === undefined
			? ["P2", "P7"].map((id) => ({ id, ...which, ...NOT_FOLLOWED }))
			: changeFigures(followed, rss, which);
	return [startFigure(starts, which), ...changed];
}

type Own = Pick<Measured, "services"> & { readonly variant: string };

function startFigure(seconds: readonly number[], which: Own): Measured {
	return { id: "P1", ...which, ...valuesOf(seconds) };
}

function changeFigures(followed: Followed, rss: number, which: Own): Measured[] {
	const { delaysMs, cpuMsPerChange: cpu, idleCpuMsPerSec } = followed;
	const all = valuesOf(delaysMs);
	const late = percentile(delaysMs, 99);
	const idle = `${idleCpuMsPerSec.toFixed(1)} ms/s without changes, left out`;
	return [
		{ id: "P2", ...which, ...all },
		{ id: "P2", ...which, ...all, variant: `${which.variant}, p99`, value: late },
		{
			...{ id: "P7", ...which, value: cpu, min: cpu, max: cpu, rounds: all.rounds },
			note: `${idle}; ${rss.toFixed(0)} MiB resident`,
		},
	];
}

function valuesOf(values: readonly number[]) {
	const { median, min, max } = spread(values);
	return { value: median, min, max, rounds: values.length };
}
