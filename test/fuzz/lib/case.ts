/** A case as plain values: what was sent, in which order, into which node. */
import type { DeviceName, Pair } from "../../bpf/lib/topology.ts";
import type { Mode } from "./situation.ts";

export interface Extension {
	/** Of the header itself, as the one before names it. */
	readonly type: number;
	/** Units of 8 bytes behind the first 8, as the header says. */
	readonly says: number;
	/** The same, as there are. */
	readonly has: number;
}

export interface Fragment {
	readonly id: number;
	/** In units of 8 bytes. */
	readonly offset: number;
	readonly more: boolean;
}

/** A frame. */
export interface Recipe {
	readonly at: 0 | 1;
	readonly src: Pair;
	readonly dst: Pair;
	readonly proto: number;
	readonly sport: number;
	readonly dport: number;
	readonly flags: number;
	readonly payload: number;
	readonly ttl: number;
	/** IPv4 options, in units of 4 bytes. */
	readonly options: number;
	readonly extensions: readonly Extension[];
	readonly fragment: Fragment | null;
	/** IPv4: without DF, though it is whole. */
	readonly mayFragment: boolean;
	readonly vlan: boolean;
	/** Added to the L4 checksum: 0 leaves it right. */
	readonly wrongBy: number;
	readonly noChecksum: boolean;
}

/** What happens to a frame on its way. */
export interface Handling {
	readonly device: DeviceName;
	readonly hook: "ingress" | "egress";
	readonly fromNode: boolean;
	readonly gsoSize: number;
	/** Its sum comes from the hardware (CHECKSUM_COMPLETE). */
	readonly complete: boolean;
	/** Bytes to keep; undefined: all. */
	readonly cut: number | null;
	readonly mutations: readonly { readonly at: number; readonly value: number }[];
}

interface Follower {
	/** Counts packets that were carried before in the same case, modulo their number. */
	readonly of: number;
	readonly recipe: Recipe;
	readonly handling: Handling;
	/** Where that packet was handled, not where `handling` says. */
	readonly samePlace: boolean;
}

export type Step =
	| { readonly kind: "packet"; readonly recipe: Recipe; readonly handling: Handling }
	/** Another packet of the same flow. */
	| ({ readonly kind: "again" } & Follower)
	/** One from whom that packet was for. */
	| ({ readonly kind: "reply" } & Follower)
	/** A connection from the same socket address to the backend that the packet got. */
	| ({ readonly kind: "direct" } & Follower)
	/** One from the same socket address to something else. */
	| ({ readonly kind: "rival" } & Follower)
	/** An ICMP error about that packet. */
	| ({
			readonly kind: "error";
			readonly type: number;
			readonly code: number;
			readonly quoted: number;
			readonly fromOutside: boolean;
			readonly ttl: number;
	  } & Follower)
	| {
			readonly kind: "bytes";
			readonly bytes: Uint8Array;
			readonly type: number;
			readonly handling: Handling;
	  }
	| { readonly kind: "forget" }
	/** The backend of such a packet leaves; `backend` when there is none. */
	| { readonly kind: "leave"; readonly of: number; readonly backend: number };

export interface Case {
	readonly mode: Mode;
	readonly nodeAddress: boolean;
	readonly onePort: boolean;
	readonly halfOpenMax: number;
	readonly steps: readonly Step[];
}
