import { fileURLToPath } from "node:url";

import type { Protocol } from "../../../src/model/objects.ts";
import { patience } from "../time-scale.ts";
import { endpoint } from "./addresses.ts";
import { command } from "./command.ts";
import type { Place } from "./place.ts";
import type { RunningProcess } from "./process.ts";

const PROGRAM = fileURLToPath(new URL("../../../build/traffic/traffic", import.meta.url));
const SOURCES = fileURLToPath(new URL("../../../tools/traffic", import.meta.url));

/** How long a request is waited for. */
const TIMEOUT_MS = 2000;

let built = false;

function program(): string {
	if (!built) command(["make", "-s", "-C", SOURCES]);
	built = true;
	return PROGRAM;
}

export interface Target {
	readonly address: string;
	readonly port: number;
	readonly protocol: Protocol;
}

export interface AskOptions {
	/** UDP: sendto() on a socket without a peer. */
	readonly unconnected?: boolean;
	/** IPv4 through an AF_INET6 socket. */
	readonly mapped?: boolean;
	/** TCP and SCTP: the server ends the connection, so that the client keeps no TIME_WAIT. */
	readonly serverCloses?: boolean;
	/** UDP over IPv4 without checksum. */
	readonly noChecksum?: boolean;
	readonly sourcePort?: number;
	/** An SCTP socket without one tells the server of every address of the client, which it then uses, too. */
	readonly source?: string;
	readonly timeoutMs?: number;
	/** Bytes, at least. */
	readonly requestSize?: number;
	/** Bytes, at least. */
	readonly replySize?: number;
}

export interface Answer {
	readonly ok: boolean;
	/** The server's name. */
	readonly server?: string;
	/** The client's address and port, as the server saw them. */
	readonly seen?: string;
	/** UDP: who sent the answer, as the client saw it. */
	readonly from: string;
	readonly peername: string;
	readonly local: string;
	/** What failed: socket, bind, connect, send, receive. */
	readonly step?: string;
	/** Such as "ECONNREFUSED". */
	readonly error?: string;
	readonly us: number;
}

export interface LoadResult {
	readonly sent: number;
	readonly ok: number;
	readonly failed: number;
	readonly slowest_us: number;
	/** Answers by server name. */
	readonly servers: Readonly<Record<string, number>>;
	/** Failures by what failed and why. */
	readonly errors: Readonly<Record<string, number>>;
}

/** Starts a server that answers requests of both families with its name: by TCP and UDP, and by SCTP where asked. */
export async function serve(
	place: Place,
	name: string,
	port: number,
	{ sctp = false } = {},
): Promise<RunningProcess> {
	const argv = [program(), "serve", "--name", name, "--port", String(port)];
	const server = place.start([...argv, ...(sctp ? ["--sctp"] : [])]);
	await server.said("started");
	return server;
}

/** A socket that lives from request to request. */
export class Conversation {
	readonly #process: RunningProcess;

	constructor(place: Place, target: Target, options: AskOptions = {}) {
		this.#process = place.start([program(), "talk", ...flags(target, options)]);
	}

	/** Sends one request and waits for its answer, or for its failure. */
	async ask(): Promise<Answer> {
		this.#process.write("ask");
		return JSON.parse(await this.#process.line(30_000)) as Answer;
	}

	/** Closes the socket; the next request opens another. */
	renew(): void {
		this.#process.write("new");
	}

	/** Unconnected sockets: further requests go there. */
	turnTo(target: Target): void {
		this.#process.write(`to ${endpoint(target.address, target.port)}`);
	}

	/** Connects the same UDP socket to somewhere else. */
	reconnectTo(target: Target): void {
		this.#process.write(`connect ${endpoint(target.address, target.port)}`);
	}

	async close(): Promise<void> {
		this.#process.closeInput();
		await this.#process.exit();
	}
}

/** One request over a socket of its own. */
export async function ask(place: Place, target: Target, options?: AskOptions): Promise<Answer> {
	const conversation = new Conversation(place, target, options);
	const answer = await conversation.ask();
	await conversation.close();
	return answer;
}

/** `count` requests, each over a socket of its own. */
export async function askMany(
	place: Place,
	target: Target,
	count: number,
	options: AskOptions = {},
): Promise<LoadResult> {
	const counted = ["--fresh", "--interval-us", "0", "--count", String(count)];
	const running = place.start([program(), "load", ...flags(target, options), ...counted]);
	const result = JSON.parse(await running.line(60_000)) as LoadResult;
	await running.exit();
	return result;
}

/** Requests that go on until they are stopped. */
export class Load {
	readonly #process: RunningProcess;

	private constructor(process: RunningProcess) {
		this.#process = process;
	}

	/** Returns after the first request; `fresh` opens a socket for each request. */
	static async start(
		place: Place,
		target: Target,
		options: AskOptions & { fresh?: boolean; intervalUs?: number } = {},
	): Promise<Load> {
		const running = place.start([
			program(),
			"load",
			...flags(target, options),
			...(options.fresh ? ["--fresh"] : []),
			"--interval-us",
			String(options.intervalUs ?? 1000),
		]);
		await running.said("started");
		return new Load(running);
	}

	async stop(): Promise<LoadResult> {
		this.#process.signal("SIGTERM");
		const result = JSON.parse(await this.#process.line()) as LoadResult;
		await this.#process.exit();
		return result;
	}
}

/** Sends one IPv4 packet made by hand; TCP unless `udp`. */
export function sendRaw(
	place: Place,
	packet: { from: string; to: string; udp?: boolean; flags?: number; badChecksum?: boolean },
): void {
	place.run([
		program(),
		"raw",
		"--from",
		packet.from,
		"--to",
		packet.to,
		"--flags",
		String(packet.flags ?? 0),
		...(packet.udp ? ["--udp"] : []),
		...(packet.badChecksum ? ["--bad-checksum"] : []),
	]);
}

/** Sends `count` SYNs, each from the next source port; nobody ever answers what comes back. */
export function flood(
	place: Place,
	packets: { from: string; to: string; count: number; intervalUs: number },
): RunningProcess {
	const SYN = 2;
	return place.start([
		program(),
		"raw",
		"--from",
		packets.from,
		"--to",
		packets.to,
		"--flags",
		String(SYN),
		"--count",
		String(packets.count),
		"--interval-us",
		String(packets.intervalUs),
	]);
}

function flags(target: Target, options: AskOptions): string[] {
	const numbers = {
		"--source-port": options.source === undefined ? options.sourcePort : undefined,
		"--timeout-ms": patience(options.timeoutMs ?? TIMEOUT_MS),
		"--request-size": options.requestSize,
		"--reply-size": options.replySize,
	};
	const switches = {
		"--udp": target.protocol === "UDP",
		"--sctp": target.protocol === "SCTP",
		"--unconnected": options.unconnected,
		"--mapped": options.mapped,
		"--server-closes": options.serverCloses,
		"--no-checksum": options.noChecksum,
	};
	const all = ["--to", endpoint(target.address, target.port)];
	for (const [flag, on] of Object.entries(switches)) if (on) all.push(flag);
	if (options.source !== undefined)
		all.push("--from", endpoint(options.source, options.sourcePort ?? 0));
	for (const [flag, value] of Object.entries(numbers)) {
		if (value !== undefined) all.push(flag, String(value));
	}
	return all;
}
