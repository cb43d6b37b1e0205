/**
 * One agent per pin path. In a network namespace: an abstract unix socket, which belongs to the
 * namespace and vanishes with its process, however that ends. Whoever connects to it is told how
 * the agent is. Over network namespaces: a lock on the directory of the pins, pin-lock.ts.
 */
import { connect, createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "../errors.ts";

/** An agent that is busy for longer is said to run, and no more. */
const ANSWER_MS = 3000;

export interface AgentLock {
	release(): void;
	/** What commands that ask are told from now on. */
	answer(answer: () => string): void;
}

const nameOf = (pinPath: string): string => `\0sluice-agent:${pinPath}`;

/** undefined: somebody else holds it. */
export async function tryLock(pinPath: string): Promise<AgentLock | undefined> {
	let text = (): string => "";
	const server = createServer((socket) => {
		socket.on("error", () => socket.destroy()).end(text());
	});
	server.unref();
	try {
		await listen(server, nameOf(pinPath));
	} catch (error) {
		if (hasCode(error, "EADDRINUSE")) return undefined;
		throw error;
	}
	return {
		release: () => void server.close(),
		answer: (answer) => {
			text = answer;
		},
	};
}

/** What the holder of the lock answers, "" when it has nothing to say yet; undefined: there is none. */
export async function askHolder(pinPath: string): Promise<string | undefined> {
	const socket = connect(nameOf(pinPath)).setEncoding("utf8").setTimeout(ANSWER_MS);
	socket.once("timeout", () => socket.destroy());
	let text = "";
	try {
		for await (const part of socket) text += String(part);
		return text;
	} catch (error) {
		if (hasCode(error, "ECONNREFUSED")) return undefined;
		throw error;
	}
}

/**
 * Waits for the present holder to end; `onWait` is called once if there is one. undefined: `signal`
 * was aborted while it was waiting.
 */
export async function lock(
	pinPath: string,
	onWait: () => void,
	signal: AbortSignal,
): Promise<AgentLock | undefined> {
	let waited = false;
	for (;;) {
		const held = await tryLock(pinPath);
		if (held !== undefined) return held;
		if (!waited) onWait();
		waited = true;
		await delay(200, undefined, { signal }).catch(() => undefined);
		if (signal.aborted) return undefined;
	}
}

function listen(server: Server, path: string): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(path, resolve);
	});
}
