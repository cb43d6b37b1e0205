import http, { type IncomingMessage } from "node:http";
import https, { type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ApiAccess } from "./api-access.ts";
import { ApiError, ApiTimeoutError } from "./api-error.ts";
import { DEFAULT_TIMINGS, type Timings } from "./clock.ts";
import { recordOf } from "./json.ts";
import type { RequestObserver } from "./request-observer.ts";

/** First probe of TCP keepalive, in ms; a dead peer is found about 10 s later. */
const KEEPALIVE_MS = 10_000;
/** More of an error's body than this is not read. */
const MAX_ERROR_BODY = 64 * 1024;
/** client-go's code of a request without answer. */
const NO_ANSWER = "<error>";

interface ApiRequest {
	readonly method: "GET" | "POST" | "PATCH";
	readonly path: string;
	readonly body: object | undefined;
}

/** Makes requests to an API server, each on a connection of its own. */
export class ApiClient {
	readonly #access: ApiAccess;
	readonly #timings: Timings;
	readonly #observer: RequestObserver | undefined;
	readonly #agents = { https: new https.Agent(), http: new http.Agent() };

	constructor(access: ApiAccess, timings: Timings = DEFAULT_TIMINGS, observer?: RequestObserver) {
		this.#access = access;
		this.#timings = timings;
		this.#observer = observer;
	}

	/**
	 * The response to a GET whose status is 200, its body still to be read. Throws ApiError for other
	 * statuses, ApiTimeoutError, or a network error. On 401 the token is read anew and the request made
	 * once more.
	 */
	get(path: string, signal: AbortSignal): Promise<IncomingMessage> {
		return this.#authorized({ method: "GET", path, body: undefined }, signal);
	}

	/** Creates an object, or changes fields of it by a merge patch. Throws as get() does. */
	async write(
		method: "POST" | "PATCH",
		path: string,
		body: object,
		signal: AbortSignal,
	): Promise<void> {
		const response = await this.#authorized({ method, path, body }, signal);
		// Of no interest, and the connection is not used again.
		response.on("error", () => undefined).destroy();
	}

	async #authorized(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
		try {
			return await this.#once(request, signal);
		} catch (error) {
			if (!(error instanceof ApiError) || error.status !== 401) {
				throw error;
			}
			this.#access.reload();
			return await this.#once(request, signal);
		}
	}

	async #once({ method, path, body }: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
		const url = new URL(this.#access.server + path);
		const access = await this.#access.requestOptions();
		const text = body === undefined ? undefined : JSON.stringify(body);
		const headers = {
			...access.headers,
			accept: "application/json",
			"user-agent": "sluice",
			...(text === undefined ? {} : contentHeaders(method, text)),
		};
		const response = await this.#observed(url, { ...access, method, headers, signal }, text);
		if (response.statusCode === 200 || (text !== undefined && response.statusCode === 201)) {
			return response;
		}
		response.setTimeout(this.#timings.connectMs, () => response.destroy());
		const answer = await readErrorBody(response);
		throw new ApiError(response.statusCode ?? 0, answer, response.headers["retry-after"]);
	}

	/** A request that is given up is not one that the server did not answer. */
	async #observed(url: URL, options: RequestOptions, body = ""): Promise<IncomingMessage> {
		const start = performance.now();
		const request = { host: url.host, method: options.method ?? "GET" };
		const took = () => this.#observer?.took(request, (performance.now() - start) / 1000);
		try {
			const response = await this.#send(url, options, body);
			this.#observer?.answered(request, String(response.statusCode));
			if (!url.searchParams.has("watch")) response.once("close", took);
			return response;
		} catch (error) {
			if (options.signal?.aborted !== true) {
				this.#observer?.answered(request, NO_ANSWER);
				if (!url.searchParams.has("watch")) took();
			}
			throw error;
		}
	}

	#send(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
		const { connectMs, responseMs } = this.#timings;
		return new Promise((resolve, reject) => {
			const secure = url.protocol === "https:";
			const agent = options.agent ?? (secure ? this.#agents.https : this.#agents.http);
			const request = (secure ? https : http).request(url, { ...options, agent });
			const giveUp = (what: string, ms: number) =>
				setTimeout(() => request.destroy(new ApiTimeoutError(`${what} within ${ms} ms`)), ms);
			let timer = giveUp(`no connection to ${url.host}`, connectMs);
			request.on("socket", (socket) => {
				socket.setKeepAlive(true, KEEPALIVE_MS);
				onceConnected(socket, secure, () => {
					clearTimeout(timer);
					timer = giveUp(`no answer from ${url.host}`, responseMs);
				});
			});
			request.on("response", resolve);
			request.on("error", reject);
			request.on("close", () => clearTimeout(timer));
			request.once("response", () => clearTimeout(timer));
			request.end(body);
		});
	}
}

function contentHeaders(method: string, text: string): Readonly<Record<string, string | number>> {
	const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
	return { "content-type": type, "content-length": Buffer.byteLength(text) };
}

/** Agents for proxies hand over sockets that are connected already. */
function onceConnected(socket: Socket, secure: boolean, then: () => void): void {
	const connecting = socket instanceof TLSSocket ? !socket.getProtocol() : socket.connecting;
	if (connecting) {
		socket.once(secure ? "secureConnect" : "connect", then);
	} else {
		then();
	}
}

async function readErrorBody(response: IncomingMessage) {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of response) {
		chunks.push(chunk as Buffer);
		length += (chunk as Buffer).length;
		if (length > MAX_ERROR_BODY) {
			break;
		}
	}
	const text = Buffer.concat(chunks).toString("utf8");
	try {
		return recordOf(JSON.parse(text));
	} catch {
		return { message: text.trim().slice(0, 200) || `HTTP status ${response.statusCode}` };
	}
}
