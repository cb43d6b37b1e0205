import type { Cidr } from "../model/objects.ts";
import type { TupleKey } from "./tuple.ts";

/** One write into the maps: one memory store, one range of unreferenced memory, or one system call. */
export type Write =
	| { kind: "name"; service: number; namespace: string; name: string; port: string }
	| { kind: "backend"; id: number; generation: number; owner: number; key: TupleKey; flags: number }
	| { kind: "backend-flags"; id: number; flags: number }
	| { kind: "backend-up"; id: number; word: number }
	| { kind: "filter-set"; bit: number }
	| { kind: "slots"; base: number; ids: readonly number[] }
	| { kind: "service"; id: number; affinitySec: number; proto: number; family: number }
	| { kind: "set"; id: number; local: boolean; word: bigint }
	| { kind: "range"; service: number; cidr: Cidr }
	| { kind: "frontend"; key: TupleKey; service: number; flags: number }
	| { kind: "tombstone-gone"; key: TupleKey }
	| { kind: "frontend-gone"; key: TupleKey }
	| { kind: "range-gone"; service: number; cidr: Cidr }
	| { kind: "set-empty"; id: number; local: boolean; word: bigint }
	| { kind: "service-gone"; id: number }
	| { kind: "tombstone"; key: TupleKey; services: readonly number[] }
	| { kind: "backend-down"; id: number; word: number }
	| { kind: "backend-free"; id: number; generation: number }
	| { kind: "name-gone"; service: number }
	| { kind: "service-free"; id: number }
	| { kind: "filter-clear"; bit: number }
	| { kind: "prefix"; map: PrefixMap; cidr: Cidr }
	| { kind: "service-range"; words: readonly bigint[] }
	| { kind: "prefix-gone"; map: PrefixMap; cidr: Cidr };

/** Maps of prefixes that are no service port's. */
export type PrefixMap = "sources" | "service_cidrs";

export type WriteKind = Write["kind"];

/**
 * The order in which the writes of one service port are made, and why. A packet may be looked up
 * between any two of them, and the agent may die there: each line keeps what the lines above it
 * made true.
 */
export const ORDER: readonly { readonly kind: WriteKind; readonly reason: string }[] = [
	{ kind: "name", reason: "a restarted agent must know whose every used id is" },
	{
		kind: "backend",
		reason: "fields are written while the word says GONE and no slot names the id",
	},
	{ kind: "backend-flags", reason: "a byte that no lookup depends on" },
	{ kind: "backend-up", reason: "published before a set can name it" },
	{ kind: "tombstone-gone", reason: "an endpoint that is back answers for itself" },
	{ kind: "filter-set", reason: "packets and replies must be noticed before the first one comes" },
	{ kind: "slots", reason: "a fresh range, which no set word names yet" },
	{ kind: "service", reason: "complete before a frontend leads to it" },
	{ kind: "set", reason: "the flip: a lookup sees the old set or the new one" },
	{ kind: "range", reason: "nobody allowed is turned away by a frontend that begins to ask" },
	{ kind: "frontend", reason: "leads to a service that is complete" },
	{ kind: "frontend-gone", reason: "from here on nobody finds a service that goes" },
	{ kind: "range-gone", reason: "frontends that no longer ask, or ask for less, say so already" },
	{ kind: "set-empty", reason: "no frontend leads to this set any more, or it has no endpoint" },
	{ kind: "service-gone", reason: "nothing leads to it" },
	{ kind: "tombstone", reason: "sockets of a departing endpoint are moved on before it is gone" },
	{ kind: "backend-down", reason: "no set names it; its flows notice at their next packet" },
	{ kind: "backend-free", reason: "no flow, socket or set can name it after its rest" },
	{ kind: "name-gone", reason: "the id is unused" },
	{ kind: "service-free", reason: "no flow or backend can name it after its rest" },
	{ kind: "filter-clear", reason: "no flow of the tuple remains" },
	{ kind: "prefix", reason: "of no service port; addresses of Services are known by now" },
	{ kind: "service-range", reason: "sends packets to the prefixes, which are there" },
	{ kind: "prefix-gone", reason: "of no service port" },
];

const POSITION = new Map(ORDER.map(({ kind }, index) => [kind, index]));

/** The writes in the order of ORDER; writes of one kind keep theirs. */
export function inOrder(writes: readonly Write[]): Write[] {
	const position = (write: Write) => POSITION.get(write.kind) ?? 0;
	return [...writes].sort((a, b) => position(a) - position(b));
}
