/** JSON objects with parts of them taken away, exchanged and doubled. */
import fc from "fast-check";

export interface Mutation {
	/** Which part, modulo their number. */
	readonly at: number;
	readonly kind: "delete" | "replace" | "swap" | "double";
	/** Replaces the part. */
	readonly value: unknown;
}

/** What a careless or hostile writer could put anywhere. */
const STRANGE: readonly unknown[] = [
	...[null, true, 0, -1, 1.5, 65_536, 1e308, "", " ", "None", "10.0.0.300", "::1%lo", "fd00::/8"],
	...["1".repeat(5000), "\u0000", "\ud800", [], {}, [[]], [null], { __proto__: null }],
	...[
		"__proto__",
		"constructor",
		"10.0.0.1\n10.0.0.2",
		"::ffff:10.0.0.1",
		"0x0a000001",
		"010.0.0.1",
	],
];

export const anyMutation: fc.Arbitrary<Mutation> = fc.record({
	at: fc.nat(10_000),
	kind: fc.constantFrom("delete", "replace", "replace", "replace", "swap", "double"),
	value: fc.oneof(fc.constantFrom(...STRANGE), fc.anything({ maxDepth: 2 })),
});

type Container = Record<string, unknown> | unknown[];

/** Every part of the value, by what holds it. */
function partsOf(value: unknown): { holder: Container; key: string }[] {
	if (typeof value !== "object" || value === null) return [];
	const holder = value as Container;
	return Object.entries(holder).flatMap(([key, part]) => [{ holder, key }, ...partsOf(part)]);
}

function put(holder: Container, key: string, value: unknown): void {
	// Not by assignment: that would set the prototype for "__proto__".
	Object.defineProperty(holder, key, {
		value,
		writable: true,
		enumerable: true,
		configurable: true,
	});
}

function apply(value: unknown, { at, kind, value: strange }: Mutation): void {
	const parts = partsOf(value);
	const part = parts[at % parts.length];
	const other = parts[(at * 7 + 3) % parts.length];
	if (part === undefined || other === undefined) return;
	const { holder, key } = part;
	const old = (holder as Record<string, unknown>)[key];
	// A copy: the same value in itself would be a circle, which no JSON is.
	if (kind === "replace") put(holder, key, structuredClone(strange));
	else if (kind === "swap")
		put(holder, key, structuredClone((other.holder as Record<string, unknown>)[other.key]));
	else if (kind === "double" && Array.isArray(holder)) holder.push(structuredClone(old));
	else if (Array.isArray(holder)) holder.splice(Number(key), 1);
	else delete holder[key];
}

/** A mutated copy; what cannot be JSON is left as it is. */
export function mutate<T>(value: T, mutations: readonly Mutation[]): unknown {
	const copy: unknown = structuredClone(value);
	for (const mutation of mutations) apply(copy, mutation);
	return copy;
}
