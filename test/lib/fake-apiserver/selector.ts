import type { StoredObject } from "./store.ts";

export type Selector = (object: StoredObject) => boolean;

/** Understands "!key", "key", "path=value" and "path!=value". */
export function parseSelectors(query: URLSearchParams): Selector {
	const labels = terms(query.get("labelSelector")).map(labelTerm);
	const fields = terms(query.get("fieldSelector")).map(fieldTerm);
	return (object) => [...labels, ...fields].every((term) => term(object));
}

const terms = (text: string | null): string[] => (text ?? "").split(",").filter((t) => t !== "");

function labelTerm(term: string): Selector {
	return term.startsWith("!")
		? ({ metadata }) => metadata.labels?.[term.slice(1)] === undefined
		: ({ metadata }) => metadata.labels?.[term] !== undefined;
}

function fieldTerm(term: string): Selector {
	const [, path = "", not, wanted] = /^(.*?)(!?)=(.*)$/.exec(term) ?? [];
	const value = (object: unknown): unknown =>
		path.split(".").reduce((at, name) => (at as Record<string, unknown>)?.[name], object);
	return (object) => ((value(object) ?? "") === wanted) !== (not === "!");
}
