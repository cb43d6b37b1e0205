/** Packets that follow up on one that was carried: more of it, its answer, an error about it. */
import { OUTSIDE, type Pair } from "../../bpf/lib/topology.ts";
import { addressBytes, addressText } from "../../lib/packet-bytes.ts";
import { buildFrame, errorFrame } from "./build-frame.ts";
import type { Handling, Recipe, Step } from "./case.ts";
import { parseFrame } from "./parse-frame.ts";

/** What went in, and what came out. */
export interface Carried {
	readonly recipe: Recipe;
	readonly handling: Handling;
	readonly output: Uint8Array;
	/** Its id; 0: none. */
	readonly backend: number;
}

/** The frame of a step before it is handled, and what it was made from. */
export interface Made {
	readonly frame: Uint8Array;
	/** Undefined: it is no packet that can be followed up. */
	readonly recipe?: Recipe;
}

type Follower = Extract<Step, { readonly of: number; readonly recipe: Recipe }>;
type ErrorStep = Extract<Step, { readonly kind: "error" }>;

/** The step's packet, whose addresses and ports follow from those of `before`. */
export function followUp(step: Follower, before: Carried): Made {
	if (step.kind === "error") return errorAbout(step, before);
	const next = recipeAfter(step, before);
	return { frame: buildFrame(next), recipe: next };
}

function recipeAfter({ kind, recipe }: Follower, before: Carried): Recipe {
	if (kind === "rival") {
		const { at, src, proto, sport } = before.recipe;
		return { ...recipe, at, src, proto, sport };
	}
	if (kind === "again") {
		const { fragment } = before.recipe;
		const piece = fragment
			? { ...LAST_PIECE, ...recipe.fragment, id: fragment.id }
			: recipe.fragment;
		return { ...recipe, ...tupleOf(before.recipe), fragment: piece };
	}
	const sent = parseFrame(before.output);
	if (typeof sent === "string") return recipe;
	const pairOf = (address: string): Pair => {
		const text = addressText(Buffer.from(address, "hex"));
		return [text, text];
	};
	const [src, dst] = [pairOf(sent.src), pairOf(sent.dst)];
	const { proto, sport, dport } = sent;
	if (kind === "direct") {
		return { ...recipe, ...tupleOf(before.recipe), dst, dport, flags: SYN, fragment: null };
	}
	const at = sent.isV6 ? 1 : 0;
	return { ...recipe, at, src: dst, dst: src, proto, sport: dport, dport: sport };
}

const SYN = 2;
const LAST_PIECE = { offset: 64, more: false };

function tupleOf({ at, src, dst, proto, sport, dport }: Recipe): Tuple {
	return { at, src, dst, proto, sport, dport };
}

type Tuple = Pick<Recipe, "at" | "src" | "dst" | "proto" | "sport" | "dport">;

/** An error about what came out, from whom it was for or from a router. */
function errorAbout(step: ErrorStep, before: Carried): Made {
	const sent = parseFrame(before.output);
	if (typeof sent === "string") return { frame: before.output };
	const size = sent.isV6 ? 16 : 4;
	const bytes = (address: string): Uint8Array => Buffer.from(address, "hex").subarray(16 - size);
	const outside = addressBytes(OUTSIDE[sent.isV6 ? 1 : 0]);
	const ends = { src: step.fromOutside ? outside : bytes(sent.dst), dst: bytes(sent.src) };
	const quote = before.output.slice(sent.l3, sent.l3 + step.quoted);
	return { frame: errorFrame(ends, step, quote) };
}
