import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

import { endpoint } from "../../test/lib/net/addresses.ts";
import { command } from "../../test/lib/net/command.ts";
import type { Lab } from "../../test/lib/net/lab.ts";
import type { LabPod } from "../../test/lib/net/pod.ts";
import { TARGET_PORT } from "../lib/objects.ts";

const PROGRAM = fileURLToPath(new URL("../../build/traffic/traffic", import.meta.url));
const SOURCES = fileURLToPath(new URL("../../tools/traffic", import.meta.url));

const FIRST = ["nice", "-n", "-20"];

/**
 * Client and server of connections share one core, before all others: the rate is then one over the
 * cost of everything.
 */
const PINNED = [...FIRST, "taskset", "-c", String(cpus().length - 1), PROGRAM];

/** Where servers of streams listen; those of connections do at TARGET_PORT. */
export const STREAM_PORT = TARGET_PORT + 1;

/** The pods that pairs need: a client and a server on each node of a lab. */
export function pairPods(nodes: number): Record<string, number> {
	const numbers = Array.from({ length: nodes }, (_, index) => index + 1);
	return Object.fromEntries(
		numbers.flatMap((number) => [
			[`client${number}`, number],
			[`server${number}`, number],
		]),
	);
}

/** Builds the traffic program that pairs use. */
export function buildTraffic(): void {
	command(["make", "-s", "-C", SOURCES]);
}

/** A client and a server on one node of a lab. */
export class Pair {
	readonly client: LabPod;
	readonly server: LabPod;

	private constructor(client: LabPod, server: LabPod) {
		this.client = client;
		this.server = server;
	}

	/** Starts the servers of a node's pair. */
	static async start(lab: Lab, number: number): Promise<Pair> {
		const pair = new Pair(lab.pod(`client${number}`), lab.pod(`server${number}`));
		const { place } = pair.server;
		const serving = [
			place.start([...PINNED, "crr-serve", "--port", String(TARGET_PORT)]),
			place.start([...FIRST, PROGRAM, "stream-serve", "--port", String(STREAM_PORT)]),
		];
		for (const server of serving) await server.said("started");
		return pair;
	}

	/** The same server with another client. */
	withClient(client: LabPod): Pair {
		return new Pair(client, this.server);
	}

	/** The server's own address with the port of one of its servers. */
	direct(port: number): string {
		return endpoint(this.server.address.v4, port);
	}

	/** Connections per second to "ADDRESS:PORT". */
	async rate(to: string, durationMs: number): Promise<number> {
		const { count, seconds } = await this.#ask([...PINNED, "crr"], to, durationMs);
		return Number(count) / Number(seconds);
	}

	/** Bytes per second of one connection to "ADDRESS:PORT". */
	async throughput(to: string, durationMs: number): Promise<number> {
		const { bytes, seconds } = await this.#ask([...FIRST, PROGRAM, "stream"], to, durationMs);
		return Number(bytes) / Number(seconds);
	}

	async #ask(argv: readonly string[], to: string, durationMs: number) {
		const flags = ["--to", to, "--duration-ms", String(durationMs)];
		const running = this.client.place.start([...argv, ...flags]);
		const answer = JSON.parse(await running.line()) as Record<string, number>;
		await running.exit();
		return answer;
	}
}
