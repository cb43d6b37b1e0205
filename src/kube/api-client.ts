import http, { type IncomingMessage } from "node:http";
import https, { type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ApiAccess } from "./api-access.ts";
import { ApiError, ApiTimeoutError } from "./api-error.ts";
import { DEFAULT_TIMINGS, type Timings } from "./clock.ts";
import { recordOf } from "./json.ts";

/** First probe of TCP keepalive, in ms; a dead peer is found about 10 s later. */
const KEEPALIVE_MS = 10_000;
/** More of an error's body than this is not read. */
const MAX_ERROR_BODY = 64 * 1024;

/** Makes requests to an API server, each on a connection of its own. */
export class ApiClient {
	readonly #access: ApiAccess;
	readonly #timings: Timings;
	readonly #agents = { https: new https.Agent(), http: new http.Agent() };

	constructor(access: ApiAccess, timings: Timings = DEFAULT_TIMINGS) {
		this.#access = access;
		this.#timings = timings;
	}

	/**
	 * The response to a GET whose status is 200, its body still to be read. Throws ApiError for other
	 * statuses, ApiTimeoutError, or a network error. On 401 the token is read anew and the request made
	 * once more.
	 */
	async get(path: string, signal: AbortSignal): Promise<IncomingMessage> {
		try {
			return await this.#getOnce(path, signal);
		} catch (error) {
			if (!(error instanceof ApiError) || error.status !== 401) {
				throw error;
			}
			this.#access.reload();
			return await this.#getOnce(path, signal);
		}
	}

	async #getOnce(path: string, signal: AbortSignal): Promise<IncomingMessage> {
		const url = new URL(this.#access.server + path);
		const access = await this.#access.requestOptions();
		const headers = { ...access.headers, accept: "application/json", "user-agent": "sluice" };
		const response = await this.#send(url, { ...access, headers, signal });
		if (response.statusCode === 200) {
			return response;
		}
		response.setTimeout(this.#timings.connectMs, () => response.destroy());
		const body = await readErrorBody(response);
		throw new ApiError(response.statusCode ?? 0, body, response.headers["retry-after"]);
	}

	#send(url: URL, options: RequestOptions): Promise<IncomingMessage> {
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
			request.end();
		});
	}
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
