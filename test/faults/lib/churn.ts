import type { ApiClient, KubeObject } from "../../cluster/lib/api-client.ts";
import { named, service } from "../../cluster/lib/objects.ts";

/** A Service that never changes. */
export const STEADY = "default/steady";

const PORT = { name: "http", protocol: "TCP", port: 80, targetPort: 8080 } as const;

/** An EndpointSlice of a Service without selector. */
export function slice(name: string, of: string, addresses: readonly string[]): KubeObject {
	return {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": of } },
		addressType: "IPv4",
		ports: [{ name: "http", protocol: "TCP", port: 8080 }],
		endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
	};
}

/** Changes objects of a real API server: Services come and go, endpoints are replaced and move. */
export class Churn {
	/** Addresses of Services that were deleted. */
	readonly deleted = new Set<string>();
	/** Cluster address of the Service whose endpoints move between two slices. */
	movingAddress = "";
	readonly #api: ApiClient;
	#round = 0;
	#moved = 0;
	#last: { name: string; address: string } | undefined;

	constructor(api: ApiClient) {
		this.#api = api;
	}

	/** Makes the Services; the address of the one that never changes. */
	async begin(): Promise<string> {
		const steady = await this.#service("steady");
		await this.#api.create(slice("steady-a", "steady", ["10.9.0.1", "10.9.0.2"]));
		await this.#service("changing");
		await this.#api.create(slice("changing-a", "changing", ["10.9.1.1"]));
		this.movingAddress = await this.#service("moving");
		await this.#api.create(slice("moving-a", "moving", ["10.9.2.1", "10.9.2.2"]));
		await this.#api.create(slice("moving-b", "moving", ["10.9.2.3"]));
		return steady;
	}

	/** One Service comes, one goes, endpoints change. */
	async step(): Promise<void> {
		const round = ++this.#round;
		const name = `round-${round}`;
		const gone = this.#last;
		await this.#setEndpoints("changing-a", [`10.9.1.${(round % 200) + 1}`, "10.9.1.250"]);
		const address = await this.#service(name);
		await this.#api.create(slice(`${name}-a`, name, [`10.9.3.${round % 250}`]));
		this.#last = { name, address };
		if (gone === undefined) return;
		this.deleted.add(gone.address);
		await this.#api.delete(named("Service", gone.name));
		await this.#api.delete(named("EndpointSlice", `${gone.name}-a`));
	}

	/** An endpoint moves to the other slice: added there first, or removed here first. */
	async moveBetweenSlices(addFirst: boolean): Promise<void> {
		const toB = this.#moved++ % 2 === 0;
		const a = () => this.#setEndpoints("moving-a", toB ? ["10.9.2.1"] : ["10.9.2.1", "10.9.2.2"]);
		const b = () => this.#setEndpoints("moving-b", toB ? ["10.9.2.2", "10.9.2.3"] : ["10.9.2.3"]);
		for (const change of addFirst === toB ? [b, a] : [a, b]) await change();
	}

	/** Whether the dump of an agent's maps tells of the last step, and not of the one before. */
	isKnown(dump: string): boolean {
		const current = `default/round-${this.#round}:`;
		const before = `default/round-${this.#round - 1}:`;
		if (this.#round === 0) return true;
		return (
			dump.includes(current) &&
			!dump.includes(before) &&
			dump.includes(`10.9.1.${(this.#round % 200) + 1}:8080`)
		);
	}

	async #service(name: string): Promise<string> {
		const made = await this.#api.create(service(name, [PORT], { families: "SingleStack" }));
		return (made.spec as { clusterIP: string }).clusterIP;
	}

	async #setEndpoints(name: string, addresses: readonly string[]): Promise<void> {
		const { endpoints } = slice(name, "", addresses);
		await this.#api.patch(named("EndpointSlice", name), { endpoints });
	}
}
