import http, { type IncomingMessage, type Server, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { Body } from "./body.ts";
import type { Fault, RequestInfo } from "./fault.ts";
import { parseSelectors } from "./selector.ts";
import { Store } from "./store.ts";
import { follow, sendInitial, type Watch } from "./watch.ts";

export interface FakeOptions {
	/** PEM; given: TLS. */
	readonly tls?: { readonly cert: string; readonly key: string };
	/** What a request's Authorization header must be; "" accepts all. */
	readonly authorization?: string;
	/** "ignored": older than WatchList; "refused": it knows it and has it switched off. */
	readonly watchList?: "served" | "ignored" | "refused";
	/** Whether Services can be selected by spec.clusterIP. */
	readonly clusterIPField?: boolean;
	/** ms between two bookmarks. */
	readonly bookmarkMs?: number;
}

/**
 * The list and watch part of a kube-apiserver, for what a real one cannot be made to do: every
 * request can be answered wrongly (`faultFor`), and versions can go back.
 */
export class FakeApiServer {
	readonly store = new Store();
	readonly requests: RequestInfo[] = [];
	faultFor: (request: RequestInfo) => Fault | undefined = () => undefined;
	authorization: string;
	readonly #options: FakeOptions;
	readonly #sockets = new Set<Socket>();
	#server: Server | undefined;
	#port = 0;

	constructor(options: FakeOptions = {}) {
		this.#options = options;
		this.authorization = options.authorization ?? "";
	}

	get url(): string {
		return `${this.#options.tls ? "https" : "http"}://127.0.0.1:${this.#port}`;
	}

	/** Listens; after stop() at the same port as before. */
	async start(): Promise<void> {
		const handler = (request: IncomingMessage, response: ServerResponse) =>
			this.#answer(request, response);
		const { tls } = this.#options;
		const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
		server.on("connection", (socket) => {
			this.#sockets.add(socket);
			socket.on("close", () => this.#sockets.delete(socket));
			socket.on("error", () => undefined);
		});
		server.on("tlsClientError", () => undefined);
		await new Promise<void>((resolve, reject) => {
			server.once("error", reject);
			server.listen(this.#port, "127.0.0.1", resolve);
		});
		this.#port = (server.address() as AddressInfo).port;
		this.#server = server;
	}

	/** As a crash: all connections break. */
	async stop(): Promise<void> {
		const server = this.#server;
		this.#server = undefined;
		for (const socket of this.#sockets) {
			socket.destroy();
		}
		if (server) {
			await new Promise((resolve) => server.close(resolve));
		}
	}

	#answer(request: IncomingMessage, response: ServerResponse): void {
		const { pathname, searchParams: query } = new URL(request.url ?? "/", this.url);
		const initial = query.get("sendInitialEvents") === "true";
		const knows = this.#options.watchList !== "ignored";
		const mode = query.get("watch") !== "true" ? "list" : initial && knows ? "watchlist" : "watch";
		const info: RequestInfo = {
			index: this.requests.length,
			path: pathname,
			mode,
			query,
			authorization: request.headers.authorization ?? "",
			at: performance.now(),
		};
		this.requests.push(info);
		const fault = this.#refusal(info) ?? this.faultFor(info);
		if (fault?.kind === "status") {
			refuse(response, fault);
			return;
		}
		const watch: Watch = {
			store: this.store,
			path: pathname,
			selects: parseSelectors(query),
			body: new Body(response, fault),
			bookmarkMs: this.#options.bookmarkMs ?? 50,
		};
		response.writeHead(200, { "content-type": "application/json" });
		response.flushHeaders();
		if (mode === "list") {
			sendList(watch);
		} else {
			this.#watch(watch, info, response);
		}
	}

	/** What a server of this make does not accept, faults aside. */
	#refusal({ mode, path, query, authorization }: RequestInfo): Fault | undefined {
		const { watchList, clusterIPField = true } = this.#options;
		if (this.authorization !== "" && authorization !== this.authorization) {
			return { kind: "status", status: 401 };
		}
		if (mode === "watchlist" && watchList === "refused") {
			return { kind: "status", status: 422 };
		}
		if (!clusterIPField && path.endsWith("/services") && query.has("fieldSelector")) {
			return { kind: "status", status: 400 };
		}
		const version = Number(query.get("resourceVersion") ?? 0);
		// A watch from a version that is not there yet is taken, as by the real server, and silent until then.
		const isAhead = mode !== "watch" && version > this.store.version;
		return isAhead ? { kind: "status", status: 504 } : undefined;
	}

	#watch(watch: Watch, { mode, query }: RequestInfo, response: ServerResponse): void {
		if (mode === "watchlist" || (query.get("resourceVersion") ?? "") === "") {
			const version = this.store.version;
			sendInitial(watch, mode === "watchlist");
			response.once("close", follow(watch, version));
		} else {
			response.once("close", follow(watch, Number(query.get("resourceVersion"))));
		}
		const seconds = Number(query.get("timeoutSeconds"));
		if (seconds > 0) {
			const timer = setTimeout(() => watch.body.end(), seconds * 1000);
			response.once("close", () => clearTimeout(timer));
		}
	}
}

const MESSAGES: Readonly<Record<number, string>> = {
	400: "field label not supported: spec.clusterIP",
	401: "Unauthorized",
	403: 'services is forbidden: User "nobody" cannot list resource "services"',
	410: "too old resource version",
	422: "sendInitialEvents: Forbidden: the WatchList feature gate is off",
	504: "Too large resource version: 9, current: 1",
};

function refuse(response: ServerResponse, fault: Fault & { kind: "status" }): void {
	const { status, retryAfter } = fault;
	const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
	response.writeHead(status, { "content-type": "application/json", ...headers });
	const message = MESSAGES[status] ?? "fault";
	response.end(JSON.stringify({ kind: "Status", code: status, message }));
}

function sendList({ store, path, selects, body }: Watch): void {
	body.write('{"kind":"List","apiVersion":"v1",');
	body.write(`"metadata":{"resourceVersion":"${store.version}"},"items":[`);
	for (const [i, object] of store.list(path).filter(selects).entries()) {
		body.part((i > 0 ? "," : "") + JSON.stringify(object));
	}
	body.write("]}\n");
	body.end();
}
