import { setTimeout as delay } from "node:timers/promises";

import type { Cluster } from "../../test/cluster/lib/cluster.ts";
import type { LabPod } from "../../test/lib/net/pod.ts";
import { moveTo, Probe } from "./probe.ts";
import type { ServiceProxy } from "./service-proxy.ts";

/** No proxy gets longer for one start. */
export const START_LIMIT_MS = 120_000;
/** Nor for one change. */
export const CHANGE_LIMIT_MS = 30_000;
/** After the start, for what it left to do; and after the last change, for what follows the traffic. */
const SETTLE_MS = 2000;
/** For what the proxy uses without any change. */
const IDLE_MS = 4000;
/** Changes before those that count, code is compiled, rules are split; fewer when they take longer. */
const WARM_UP = { changes: 5, ms: 10_000 };

/** Who asks, and who answers in turn. */
export interface Setting {
	readonly cluster: Cluster;
	readonly client: LabPod;
	readonly servers: readonly [LabPod, LabPod];
}

/** What following the changes has shown. */
export interface Followed {
	/** From the API server's answer to the first connection to the new address, per change. */
	readonly delaysMs: readonly number[];
	/** Of the proxy and what it runs, less what it uses without changes. */
	readonly cpuMsPerChange: number;
	readonly idleCpuMsPerSec: number;
}

/** Starts a proxy; returns the ms until the Service was reachable, undefined: not in bounded time. */
export async function startMs(proxy: ServiceProxy, { client, servers }: Setting) {
	const probe = new Probe(client);
	const start = performance.now();
	proxy.start();
	const answered = await probe.answeredBy(servers[0].name, START_LIMIT_MS, () => proxy.check());
	await probe.close();
	proxy.settled();
	return answered === undefined ? undefined : performance.now() - start;
}

/**
 * Moves the Service to and fro, `changes` times or until `limitMs` are over; undefined when one of the
 * changes was not followed within CHANGE_LIMIT_MS.
 */
export async function follow(
	proxy: ServiceProxy,
	setting: Setting,
	changes: number,
	limitMs: number,
): Promise<Followed | undefined> {
	const probe = new Probe(setting.client);
	try {
		return await followed(proxy, turns(proxy, setting, probe), { changes, limitMs });
	} catch (error) {
		if (error instanceof NotFollowed) return undefined;
		throw error;
	} finally {
		await putBack(setting);
		await probe.close();
	}
}

async function followed(
	proxy: ServiceProxy,
	turn: () => Promise<number>,
	{ changes, limitMs }: { changes: number; limitMs: number },
): Promise<Followed> {
	const warmUp = performance.now() + WARM_UP.ms;
	for (let i = 0; i < WARM_UP.changes && performance.now() < warmUp; i++) await turn();
	await delay(SETTLE_MS);
	const idleBefore = await idle(proxy);
	const delaysMs: number[] = [];
	const cpuBefore = proxy.cpuMs();
	const start = performance.now();
	while (delaysMs.length < changes && performance.now() - start < limitMs) {
		delaysMs.push(await turn());
		// Changes come at any moment, not when the one before has just been dealt with.
		await delay(20 + ((delaysMs.length * 37) % 50));
	}
	await delay(SETTLE_MS);
	const seconds = (performance.now() - start) / 1000;
	const usedMs = proxy.cpuMs() - cpuBefore;
	// Collecting what the start left behind, and the last change, can reach into one or the other.
	const idleCpuMsPerSec = Math.min(idleBefore, await idle(proxy));
	const cpuMs = Math.max(0, usedMs - idleCpuMsPerSec * seconds);
	return { delaysMs, cpuMsPerChange: cpuMs / delaysMs.length, idleCpuMsPerSec };
}

/** A change that was not followed in bounded time. */
class NotFollowed extends Error {}

/** The next proxy finds the Service at the first server, as this one did. */
async function putBack({ cluster, servers }: Setting): Promise<void> {
	await moveTo(cluster, servers[0]);
}

/** Each call is one change; returns how long it took to be followed, or throws NotFollowed. */
function turns(
	proxy: ServiceProxy,
	{ cluster, servers }: Setting,
	probe: Probe,
): () => Promise<number> {
	let count = 0;
	return async () => {
		count++;
		const server = servers[count % 2] ?? servers[0];
		await moveTo(cluster, server);
		const ms = await probe.answeredBy(server.name, CHANGE_LIMIT_MS, () => proxy.check());
		if (ms === undefined) throw new NotFollowed();
		return ms;
	};
}

/** CPU ms per second without changes. */
async function idle(proxy: ServiceProxy): Promise<number> {
	const [start, before] = [performance.now(), proxy.cpuMs()];
	await delay(IDLE_MS);
	return (proxy.cpuMs() - before) / ((performance.now() - start) / 1000);
}
