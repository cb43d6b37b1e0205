import { setTimeout as delay } from "node:timers/promises";

import type { ApiClient } from "../../cluster/lib/api-client.ts";
import type { Cluster } from "../../cluster/lib/cluster.ts";
import { createReadyPod, named, pod } from "../../cluster/lib/objects.ts";
import { endpoint } from "../../lib/net/addresses.ts";
import { type FrontendName, LiveMaps } from "../../lib/net/live.ts";
import type { LabPod } from "../../lib/net/pod.ts";
import { until } from "../../lib/until.ts";

/** Addresses of the fleet's pods. */
const NET = "10.2.0.0/16";
/** What is read of the maps holds for so long: a thousand endpoints take a while to read. */
const FRESH_MS = 50;
/** Until controllers and agents must have done their part, however busy the machine is. */
const LIMIT_MS = 120_000;
/** How long a pod serves on after nodes have left it: requests are under way, on a busy machine for long. */
const GRACE_MS = 2000;

/** Of a pod, by its number from 0. */
function addressOf(number: number) {
	return { v4: `10.2.${number >> 8}.${number & 255}`, v6: `fd00:10:2::${number.toString(16)}` };
}

/** Which endpoints the maps of a node have for new connections. */
class Selected {
	readonly #maps: LiveMaps;
	readonly #frontend: FrontendName;
	#names: ReadonlySet<string> = new Set();
	#readAt = Number.NEGATIVE_INFINITY;

	constructor(pinPath: string, frontend: FrontendName) {
		this.#maps = new LiveMaps(pinPath);
		this.#frontend = frontend;
	}

	get names(): ReadonlySet<string> {
		if (performance.now() - this.#readAt > FRESH_MS) {
			this.#names = new Set(this.#maps.backends(this.#frontend));
			this.#readAt = performance.now();
		}
		return this.#names;
	}
}

/**
 * Many pods of one Service, by number. They are addresses of one pod of the lab, where one server
 * answers for all that run: an address that does not run refuses. The test is their kubelet.
 */
export class Fleet {
	readonly labels = { app: "fleet" } as const;
	readonly port: number;
	readonly #host: LabPod;
	readonly #api: ApiClient;
	readonly #selected: readonly Selected[];

	constructor(cluster: Cluster, host: LabPod, frontend: FrontendName, port: number) {
		const { lab, plane } = cluster;
		this.port = port;
		this.#host = host;
		this.#api = plane.api;
		this.#selected = lab.nodes.map((node) => new Selected(node.pinPath, frontend));
		host.place.ip([`route add unreachable ${NET}`]);
		for (const { place } of lab.nodes) {
			const here = place === host.node.place;
			const device = here ? `dev ${host.hostDevice} onlink` : "";
			const via = here ? host.address.v4 : host.node.address.v4;
			place.ip([`route add ${NET} via ${via} ${device}`]);
		}
	}

	/** Starts pods; resolves when the maps of all nodes have them. */
	async start(numbers: readonly number[]): Promise<void> {
		await Promise.all(
			numbers.map(async (number) => {
				this.#host.place.ip([`route add local ${addressOf(number).v4}/32 dev lo`]);
				const object = pod(podName(number), this.#host.node.name, this.labels);
				await createReadyPod(this.#api, object, addressOf(number));
			}),
		);
		await until(
			`all nodes have pods ${numbers[0]} ...`,
			() => numbers.every((number) => this.#everywhere(number)),
			LIMIT_MS,
		);
	}

	/**
	 * Ends a pod as a kubelet does: it terminates, still serves for as long as nodes send it new
	 * connections and a while longer, which is what grace periods are for, then it is gone.
	 */
	async end(number: number): Promise<void> {
		const url = `/api/v1/namespaces/default/pods/${podName(number)}`;
		await this.#api.request("DELETE", url, { gracePeriodSeconds: 30 });
		await until(
			`no node sends new connections to pod ${number}`,
			() => !this.#anywhere(number),
			LIMIT_MS,
		);
		await delay(GRACE_MS);
		this.#host.place.ip([`route del local ${addressOf(number).v4}/32 dev lo`]);
		await this.#api.delete(named("Pod", podName(number)));
	}

	/** Pods that every node has. */
	get size(): number {
		return Math.min(...this.#selected.map(({ names }) => names.size));
	}

	#everywhere(number: number): boolean {
		return this.#selected.every(({ names }) => names.has(this.#endpoint(number)));
	}

	#anywhere(number: number): boolean {
		return this.#selected.some(({ names }) => names.has(this.#endpoint(number)));
	}

	#endpoint(number: number): string {
		return endpoint(addressOf(number).v4, this.port);
	}
}

function podName(number: number): string {
	return `fleet-${number}`;
}
