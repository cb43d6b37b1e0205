/**
 * Reading of JSON that nobody has validated: each accessor answers undefined, or an empty thing,
 * instead of failing.
 */

export type Json = { readonly [field: string]: unknown };

const NOTHING: Json = Object.freeze({});

/** The value as an object; an empty one when it is none. */
export function recordOf(value: unknown): Json {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Json)
		: NOTHING;
}

/** The value as an array; an empty one when it is none. */
export function arrayOf(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

export function stringOf(value: unknown): string | undefined {
	return typeof value === "string" ? value : undefined;
}

/** The strings of an array, others left out. */
export function stringsOf(value: unknown): readonly string[] {
	return arrayOf(value).filter((item) => typeof item === "string");
}

/** A value for a message: short, on one line. */
export function show(value: unknown): string {
	const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? typeof value);
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
