import { setTimeout as delay } from "node:timers/promises";

import type { Cluster } from "../../test/cluster/lib/cluster.ts";
import { named } from "../../test/cluster/lib/objects.ts";
import type { LabPod } from "../../test/lib/net/pod.ts";
import { Conversation, type Target } from "../../test/lib/net/traffic.ts";
import {
	type ApiObject,
	clusterAddress,
	makeService,
	SERVICE_PORT,
	serviceName,
} from "../lib/objects.ts";

/** Number of the Service that is asked, above those of all others. */
const PROBED = 64_000;
/** A connection that gets no answer in that time has found nothing programmed. */
const TIMEOUT_MS = 20;
/** Between two connections: how exactly a moment is known, and the others need the processor. */
const PAUSE_MS = 1;

/** The Service that is asked, with one pod as its only endpoint. */
export function probedService(pod: LabPod): readonly ApiObject[] {
	const { service, slice } = makeService(PROBED, [pod.address.v4]);
	return [service, slice];
}

/** Moves the Service to another pod; resolves when the API server has answered. */
export async function moveTo(cluster: Cluster, pod: LabPod): Promise<void> {
	const { slice } = makeService(PROBED, [pod.address.v4]);
	const name = named("EndpointSlice", `${serviceName(PROBED)}-slice`);
	await cluster.plane.api.patch(name, { endpoints: slice.endpoints });
}

/** Asks the Service from a pod, over a connection of its own each time. */
export class Probe {
	readonly #conversation: Conversation;

	constructor(client: LabPod) {
		const target: Target = { address: clusterAddress(PROBED), port: SERVICE_PORT, protocol: "TCP" };
		this.#conversation = new Conversation(client.place, target, {
			timeoutMs: TIMEOUT_MS,
			serverCloses: true,
		});
	}

	/**
	 * Asks until that pod answers; returns the ms that took, undefined when `limitMs` were over first.
	 * `check` is called now and then and may throw.
	 */
	async answeredBy(
		server: string,
		limitMs: number,
		check: () => void,
	): Promise<number | undefined> {
		const start = performance.now();
		for (;;) {
			const answer = await this.#conversation.ask();
			this.#conversation.renew();
			const elapsed = performance.now() - start;
			if (answer.server === server) return elapsed;
			if (elapsed > limitMs) return undefined;
			check();
			await delay(PAUSE_MS);
		}
	}

	async close(): Promise<void> {
		await this.#conversation.close();
	}
}
