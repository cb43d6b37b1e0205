import { arrayOf, type Json, recordOf, stringOf } from "./json.ts";

/** A failure that the API server itself reports: an HTTP status, or an ERROR event of a watch. */
export class ApiError extends Error {
	/** HTTP status code; 0 when an ERROR event has none. */
	readonly status: number;
	/** Machine-readable, such as "Expired"; "" when not given. */
	readonly reason: string;
	/** How long the server wants to be left alone, in ms; 0: it does not say. */
	readonly retryAfterMs: number;
	/** Whether the version that was asked for is in the server's future. */
	readonly versionTooLarge: boolean;

	constructor(status: number, body: Json, retryAfter?: string) {
		const text = stringOf(body.message) ?? stringOf(body.reason) ?? "no reason given";
		super(`the API server answers ${status}: ${text}`);
		this.name = "ApiError";
		this.status = status;
		this.reason = stringOf(body.reason) ?? "";
		const details = recordOf(body.details);
		const seconds = Number(retryAfter ?? details.retryAfterSeconds ?? 0);
		this.retryAfterMs = seconds > 0 ? seconds * 1000 : 0;
		this.versionTooLarge =
			arrayOf(details.causes).some(
				(cause) => recordOf(cause).reason === "ResourceVersionTooLarge",
			) || text.includes("Too large resource version");
	}

	/** Whether what was asked for is no longer, or not yet, in the server's history. */
	get expired(): boolean {
		return this.status === 410 || this.reason === "Expired" || this.versionTooLarge;
	}
}

/** What came over a connection is not what the API's protocol allows. */
export class ProtocolError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ProtocolError";
	}
}

/** No connection, or no answer to a request, in time. */
export class ApiTimeoutError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ApiTimeoutError";
	}
}

/** Nothing came for so long that a response counts as dead. */
export class SilenceError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "SilenceError";
	}
}
