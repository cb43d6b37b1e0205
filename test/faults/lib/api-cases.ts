import type { ApiFault, Asked, Meddle } from "./api-proxy.ts";
import * as meddle from "./meddles.ts";

/** What goes wrong between an agent and an API server. */
export interface ApiCase {
	readonly name: string;
	readonly fault: ApiFault;
	/** Requests that it happens to; default: watches. */
	readonly modes?: readonly Asked["mode"][];
	/** What the log says of it; absent: nothing is wrong from the agent's side. */
	readonly says?: RegExp;
	/** Nothing in between says that all is well: one line tells of all of them. */
	readonly once?: true;
}

const body = (meddle: Meddle): ApiFault => ({ kind: "body", meddle });
/** An answer with that status and no object. */
export const status = (status: number, headers = {}): ApiFault => ({
	kind: "status",
	status,
	headers,
});
const _WATCH = ["watch"] as const;
const ANY = ["watch", "watchlist", "list"] as const;

/** While the agent watches. */
export const CASES: readonly ApiCase[] = [
	{
		name: "connections are reset",
		fault: { kind: "reset" },
		modes: ANY,
		says: /hang up|ECONNRESET/,
		once: true,
	},
	{ name: "requests are not answered", fault: { kind: "silence" }, says: /no answer/, once: true },
	{ name: "a watch is answered 410", fault: status(410), says: /410/ },
	{
		name: "a watch is answered 429",
		fault: status(429, { "retry-after": "1" }),
		says: /429/,
		once: true,
	},
	{ name: "a watch is answered 500", fault: status(500), says: /500/, once: true },
	{ name: "everything is answered 503", fault: status(503), modes: ANY, says: /503/, once: true },
	{
		name: "a watch is reset within an event",
		fault: body(meddle.resetAt(1)),
		says: /aborted|ECONNRESET/,
	},
	{
		name: "a watch is reset within its first event",
		fault: body(meddle.resetAt(0)),
		says: /aborted|ECONNRESET/,
	},
	{ name: "a watch ends within an event", fault: body(meddle.truncateAt(1)) },
	{ name: "a watch stalls within an event, half open", fault: body(meddle.stallAt(1)) },
	{ name: "a watch ends at once, again and again", fault: body(meddle.nothing) },
	{
		name: "a watch has an ERROR event 410",
		fault: body(meddle.errorAt(1, 410, "Expired")),
		says: /410/,
	},
	{
		name: "a watch has an ERROR event 429",
		fault: body(meddle.errorAt(0, 429, "TooManyRequests")),
		says: /429/,
	},
	{
		name: "a watch has an ERROR event 500",
		fault: body(meddle.errorAt(1, 500, "InternalError")),
		says: /500/,
	},
	{ name: "an event is no JSON", fault: body(meddle.breakAt(1)), says: /no JSON/ },
	{ name: "every event comes twice", fault: body(meddle.repeatAll) },
	{
		name: "events come in the wrong order",
		fault: body(meddle.swapAll),
		says: /comes after version/,
	},
	{ name: "events come byte by byte", fault: body(meddle.inPieces(1)) },
];

/** While the agent starts and lists. */
export const LIST_CASES: readonly ApiCase[] = [
	{
		name: "a WatchList is reset before its end",
		fault: body(meddle.resetAt(2)),
		modes: ["watchlist"],
		says: /aborted|ECONNRESET/,
	},
	{
		name: "a WatchList is not complete",
		fault: body(meddle.truncateAt(2)),
		modes: ["watchlist"],
		says: /initial events/,
	},
	{ name: "a WatchList comes byte by byte", fault: body(meddle.inPieces(1)), modes: ["watchlist"] },
	{
		name: "a list is cut off",
		fault: body(meddle.cutAfter(700)),
		modes: ["list"],
		says: /incomplete|no JSON/,
	},
	{
		name: "a list comes in pieces of three bytes",
		fault: body(meddle.inPieces(3)),
		modes: ["list"],
	},
	{ name: "a list is answered 500", fault: status(500), modes: ["list"], says: /500/, once: true },
	{ name: "a list stalls", fault: body(meddle.stallAt(0)), modes: ["list"], says: /no item/ },
];
