/** A listening HTTP server that keeps trying when its address is taken. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";

export interface HttpAnswer {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

/** undefined: no such path. */
export type Handler = (path: string) => HttpAnswer | undefined | Promise<HttpAnswer | undefined>;

export interface ListenOptions {
	readonly name: string;
	readonly host: string;
	readonly port: number;
	/** "::" stands for IPv6 alone; default: for IPv4 too. */
	readonly ipv6Only?: boolean;
	/** Connections that are not accepted are closed without an answer; default: all are. */
	readonly accepts?: (socket: Socket) => boolean;
	/** Give up at once when the address cannot be bound. */
	readonly hardFail: boolean;
	readonly log: Logger;
	/** Between two attempts to listen; default 5 s. */
	readonly retryMs?: number;
	/** Why it does not listen, "" when it does; only when that changes. */
	readonly onState: (error: string) => void;
}

const RETRY_MS = 5000;

export class HttpServer {
	readonly #server: Server;
	readonly #options: ListenOptions;
	#retry: NodeJS.Timeout | undefined;
	#state: string | undefined;
	#isStopped = false;

	constructor(handler: Handler, options: ListenOptions) {
		this.#options = options;
		this.#server = createServer((request, response) => {
			void respond(handler, request, response);
		});
		this.#server.unref();
		this.#server.on("connection", (socket) => {
			if (options.accepts?.(socket) === false) socket.destroy();
		});
	}

	/** Resolves once it listens or has failed for the first time; rejects when hardFail is set. */
	start(): Promise<void> {
		const { hardFail, log, name, retryMs = RETRY_MS } = this.#options;
		return new Promise((resolve, reject) => {
			const onError = (error: Error): void => {
				if (this.#isStopped) return;
				this.#setState(error.message);
				if (hardFail) {
					reject(new Error(`${name} cannot listen: ${error.message}`));
					return;
				}
				log.error({ server: name, reason: error.message }, "cannot listen; trying again");
				this.#retry = setTimeout(() => this.#listen(), retryMs).unref();
				resolve();
			};
			this.#server.on("error", onError);
			this.#server.on("listening", () => {
				this.#setState("");
				resolve();
			});
			this.#listen();
		});
	}

	#setState(state: string): void {
		if (state === this.#state) return;
		this.#state = state;
		this.#options.onState(state);
	}

	#listen(): void {
		const { host, port, ipv6Only = false } = this.#options;
		this.#server.listen({ host, port, ipv6Only });
	}

	/** The port it listens on; 0 while it does not. */
	get port(): number {
		return (this.#server.address() as AddressInfo | null)?.port ?? 0;
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#retry);
		this.#server.close();
		this.#server.closeAllConnections();
	}
}

const NOT_FOUND: HttpAnswer = {
	status: 404,
	headers: { "Content-Type": "text/plain; charset=utf-8" },
	body: "404 page not found\n",
};

async function respond(
	handler: Handler,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	request.resume();
	const path = (request.url ?? "/").split("?")[0] ?? "/";
	let answer: HttpAnswer;
	try {
		answer = (await handler(path)) ?? NOT_FOUND;
	} catch (error) {
		const body = `${reasonOf(error)}\n`;
		answer = { status: 500, headers: { "Content-Type": "text/plain; charset=utf-8" }, body };
	}
	response.writeHead(answer.status, answer.headers);
	response.end(answer.body);
}
