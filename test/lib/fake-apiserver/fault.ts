/** What the fake does wrong with one request. */
export type Fault =
	/** Answers with this status instead; `retryAfter` in seconds. */
	| { readonly kind: "status"; readonly status: number; readonly retryAfter?: number }
	/** What a body can suffer after so many lines of a watch, or items of a list. */
	| { readonly kind: BodyFault; readonly after: number };

export const BODY_FAULTS = [
	/** The connection is reset. */
	"reset",
	/** Nothing more is sent, the connection stays. */
	"stall",
	/** The rest comes in pieces of a few bytes. */
	"slow",
	/** The body ends as if that were all. */
	"end",
	/** A line is cut in the middle; what follows is whole again. */
	"broken",
	/** A line comes twice. */
	"duplicate",
	/** A line comes after the next one. */
	"reorder",
	/** An ERROR event with code 410, 429 or 500 ends the watch. */
	"error410",
	"error429",
	"error500",
] as const;

export type BodyFault = (typeof BODY_FAULTS)[number];

export interface RequestInfo {
	/** How many requests came before. */
	readonly index: number;
	readonly path: string;
	readonly mode: "list" | "watch" | "watchlist";
	readonly query: URLSearchParams;
	readonly authorization: string;
	/** ms, performance.now() */
	readonly at: number;
}
