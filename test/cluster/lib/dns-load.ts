// Asks a DNS server again and again, one query at a time, and counts the answers: `dns-load.ts JSON`.
// Prints "started" to standard error after the first answer, and one line of JSON at the end.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createConnection } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What to ask, and how. */
export interface DnsLoadOptions {
	readonly server: string;
	readonly name: string;
	readonly protocol: "UDP" | "TCP";
	/** UDP: all queries come from this port; otherwise each has a socket of its own. */
	readonly sourcePort?: number;
	/** Queries, at least. */
	readonly count: number;
	/** Go on after that until SIGTERM. */
	readonly untilTold?: boolean;
	/** Pause between an answer and the next query. */
	readonly pauseMs: number;
	/** How long to wait for each answer; default 5 s. */
	readonly waitMs?: number;
}

export interface DnsLoadResult {
	readonly sent: number;
	readonly answered: number;
	/** Failures: which query, and what happened. */
	readonly errors: Record<number, string>;
	readonly slowestMs: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as DnsLoadOptions;
const LOST_AFTER_MS = options.waitMs ?? 5000;

/** A query for the A records of the name. */
function query(id: number): Buffer {
	const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
	const labels = options.name.split(".").map((label) => {
		return Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]);
	});
	return Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
}

/** Throws unless the message answers the query with at least one record. */
function checkAnswer(message: Buffer, id: number): void {
	if (message.length < 12 || message.readUInt16BE(0) !== id) throw new Error("not the answer");
	const code = message.readUInt16BE(2) & 15;
	if (code !== 0) throw new Error(`rcode ${code}`);
	if (message.readUInt16BE(6) === 0) throw new Error("no record");
}

function openSocket(): Socket {
	return createSocket(options.server.includes(":") ? "udp6" : "udp4");
}

async function askUdp(socket: Socket, id: number): Promise<void> {
	const signal = AbortSignal.timeout(LOST_AFTER_MS);
	const answer = once(socket, "message", { signal });
	socket.send(query(id), 53, options.server);
	const [message] = (await answer) as [Buffer];
	checkAnswer(message, id);
}

async function askTcp(id: number): Promise<void> {
	const signal = AbortSignal.timeout(LOST_AFTER_MS);
	const socket = createConnection({ host: options.server, port: 53, signal });
	try {
		await once(socket, "connect", { signal });
		const message = query(id);
		socket.write(Buffer.concat([Buffer.from([0, message.length]), message]));
		let received = Buffer.alloc(0);
		while (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) {
			const [part] = (await once(socket, "data", { signal })) as [Buffer];
			received = Buffer.concat([received, part]);
		}
		checkAnswer(received.subarray(2), id);
	} finally {
		socket.destroy();
	}
}

async function askFresh(id: number): Promise<void> {
	if (options.protocol === "TCP") return await askTcp(id);
	const socket = openSocket();
	try {
		await askUdp(socket, id);
	} finally {
		socket.close();
	}
}

async function fixedSocket(port: number): Promise<Socket> {
	const socket = openSocket();
	socket.bind(port);
	await once(socket, "listening");
	return socket;
}

const fixed = options.sourcePort === undefined ? undefined : await fixedSocket(options.sourcePort);
const errors: Record<number, string> = {};
let told = options.untilTold !== true;
process.on("SIGTERM", () => {
	told = true;
});
let sent = 0;
let answered = 0;
let slowestMs = 0;
for (; sent < options.count || !told; sent++) {
	const started = performance.now();
	try {
		const id = sent & 0xffff;
		await (fixed ? askUdp(fixed, id) : askFresh(id));
		answered++;
	} catch (error) {
		errors[sent] = error instanceof Error ? error.message : String(error);
	}
	slowestMs = Math.max(slowestMs, performance.now() - started);
	if (sent === 0) process.stderr.write("started\n");
	if (options.pauseMs > 0) await delay(options.pauseMs);
}
fixed?.close();
const result: DnsLoadResult = {
	sent,
	answered,
	errors,
	slowestMs: Math.round(slowestMs),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
