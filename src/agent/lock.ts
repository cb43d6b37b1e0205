/**
 * One agent per pin path and network namespace: an abstract unix socket, which belongs to the
 * namespace and vanishes with its process, however that ends.
 */
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode } from "../errors.ts";

export interface AgentLock {
	release(): void;
}

/** undefined: somebody else holds it. */
export async function tryLock(pinPath: string): Promise<AgentLock | undefined> {
	const server = createServer((socket) => socket.destroy());
	server.unref();
	try {
		await listen(server, `\0sluice-agent:${pinPath}`);
	} catch (error) {
		if (hasCode(error, "EADDRINUSE")) return undefined;
		throw error;
	}
	return { release: () => void server.close() };
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
