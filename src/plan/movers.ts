import { FlowKey, Scope } from "../layout/structs.ts";
import { frontendService } from "./frontend-value.ts";
import { type TupleKey, tupleKey, unpackTuple } from "./tuple.ts";

/** Frontends that came to a service port, perhaps from another one. */
export interface Moved {
	/** Whether packets of the flow key at `at` are for such a frontend, and it is none of `service`. */
	isAnothers(keys: Uint8Array, at: number, service: number): boolean;
}

const UDP = 17;
const SCOPES = [Scope.SCOPE_INTERNAL, Scope.SCOPE_EXTERNAL] as const;

/**
 * UDP frontends whose flows may be of a service port that does not have them any more. kube-proxy
 * forgets such flows, too (pkg/proxy/conntrack/cleanup.go); connections of TCP stay.
 */
export class Movers {
	readonly #frontends: ReadonlyMap<TupleKey, number>;
	#arrived = new Set<TupleKey>();

	/** `frontends`: those in the map, with their frontendValue(). */
	constructor(frontends: ReadonlyMap<TupleKey, number>) {
		this.#frontends = frontends;
	}

	/** The frontend is about to be the service port's. */
	note(key: TupleKey, service: number): void {
		const isNew = frontendService(this.#frontends.get(key) ?? 0) !== service;
		if (isNew && unpackTuple(key).proto === UDP) this.#arrived.add(key);
	}

	/** A frontend came since take(). */
	get pending(): boolean {
		return this.#arrived.size > 0;
	}

	/** Those that came, which are forgotten with that; undefined: none. */
	take(): Moved | undefined {
		const arrived = this.#arrived;
		if (arrived.size === 0) return undefined;
		this.#arrived = new Set();
		return {
			isAnothers: (keys, at, service) => {
				const tuples = tuplesOf(keys, at);
				return (
					tuples.some((key) => arrived.has(key)) &&
					!tuples.some((key) => frontendService(this.#frontends.get(key) ?? 0) === service)
				);
			},
		};
	}
}

/** The frontends that a packet of that flow key may be for. */
function tuplesOf(keys: Uint8Array, at: number): TupleKey[] {
	const { dst, dport, proto } = FlowKey.OFFSET;
	const port = ((keys[at + dport] ?? 0) << 8) | (keys[at + dport + 1] ?? 0);
	const tail = (keys[at + proto] ?? 0) << 8;
	return SCOPES.map((scope) => tupleKey(keys, at + dst, port, tail | scope));
}
