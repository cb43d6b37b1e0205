import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";

/** A request of the agent. */
export interface Asked {
	readonly resource: "services" | "endpointslices" | "nodes";
	readonly mode: "list" | "watch" | "watchlist";
}

/** Where a meddled body goes. */
export interface Outlet {
	/** Resolves when it has left this process: what follows comes in another read. */
	write(bytes: string | Uint8Array): Promise<void>;
	/** The body ends as if that were all. */
	end(): void;
	/** The connection is reset. */
	reset(): void;
}

/** Hands a body on, changed. One that neither ends nor resets leaves the connection open and silent. */
export type Meddle = (body: AsyncIterable<Buffer>, out: Outlet) => Promise<void>;

/** What goes wrong with one request. */
export type ApiFault =
	| { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
	/** The connection is reset before anything is answered. */
	| { readonly kind: "reset" }
	/** Nothing is answered; the connection stays. */
	| { readonly kind: "silence" }
	| { readonly kind: "body"; readonly meddle: Meddle };

/**
 * Stands between an agent and a real API server, with the server's own certificate, and does to each
 * request what `fault` says.
 */
export class ApiProxy {
	/** undefined: the request goes through. */
	fault: (asked: Asked) => ApiFault | undefined = () => undefined;
	readonly #directory: string;
	readonly #ca: string;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	/** @param directory of the control plane: its certificate, key and socket */
	constructor(directory: string) {
		this.#directory = directory;
		this.#ca = readFileSync(join(directory, "server.crt"), "utf8");
		const key = readFileSync(join(directory, "server.key"));
		this.#server = createServer({ key, cert: this.#ca }, (from, to) => {
			this.#serve(from, to).catch(() => from.socket.destroy());
		});
		this.#server.on("secureConnection", (socket: Socket) => {
			socket.setNoDelay(true);
			socket.on("error", () => undefined);
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
		});
	}

	async listen(): Promise<void> {
		this.#server.listen(0, "127.0.0.1");
		await once(this.#server, "listening");
	}

	/** A copy of a kubeconfig that leads here. */
	kubeconfigFile(original: string): string {
		const { port } = this.#server.address() as AddressInfo;
		const config = JSON.parse(readFileSync(original, "utf8"));
		for (const { cluster } of config.clusters) cluster.server = `https://127.0.0.1:${port}`;
		const path = join(this.#directory, "faults.kubeconfig");
		writeFileSync(path, JSON.stringify(config));
		return path;
	}

	/** Ends all connections without a word. */
	cut(): void {
		for (const socket of this.#sockets) socket.destroy();
	}

	close(): void {
		this.cut();
		this.#server.close();
	}

	async #serve(from: IncomingMessage, to: ServerResponse): Promise<void> {
		const fault = this.fault(askedOf(from.url ?? "/"));
		if (fault?.kind === "silence") return;
		if (fault?.kind === "reset") {
			reset(from.socket);
			return;
		}
		if (fault?.kind === "status") {
			const status = { kind: "Status", code: fault.status, message: "made up by the test" };
			to.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
			to.end(JSON.stringify(status));
			return;
		}
		const answer = await this.#forward(from);
		to.writeHead(answer.statusCode ?? 502, { "content-type": "application/json" });
		to.flushHeaders();
		to.once("close", () => answer.destroy());
		answer.once("error", () => from.socket.destroy());
		if (fault === undefined) answer.pipe(to);
		else await fault.meddle(answer as AsyncIterable<Buffer>, outletOf(to));
	}

	async #forward(from: IncomingMessage): Promise<IncomingMessage> {
		const headers = { authorization: from.headers.authorization, accept: "application/json" };
		const socketPath = join(this.#directory, "api.sock");
		const sent = request({
			socketPath,
			ca: this.#ca,
			servername: "localhost",
			path: from.url ?? "/",
			headers,
			agent: false,
		});
		from.socket.once("close", () => sent.destroy());
		sent.on("error", () => from.socket.destroy());
		sent.end();
		const [answer] = (await once(sent, "response")) as [IncomingMessage];
		return answer;
	}
}

function askedOf(url: string): Asked {
	const { pathname, searchParams } = new URL(url, "https://localhost");
	const resource = pathname.slice(pathname.lastIndexOf("/") + 1) as Asked["resource"];
	if (searchParams.get("sendInitialEvents") === "true") return { resource, mode: "watchlist" };
	return { resource, mode: searchParams.get("watch") === "true" ? "watch" : "list" };
}

function outletOf(to: ServerResponse): Outlet {
	return {
		write: (bytes) =>
			new Promise((resolve, reject) => {
				to.write(bytes, (error) => (error ? reject(error) : setImmediate(resolve)));
			}),
		end: () => void to.end(),
		reset: () => {
			if (to.socket) reset(to.socket);
		},
	};
}

/** With an RST, also below TLS. */
function reset(socket: Socket): void {
	const raw = (socket as { _parent?: Socket })._parent ?? socket;
	raw.resetAndDestroy();
}
