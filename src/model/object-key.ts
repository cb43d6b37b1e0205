import type { ObjectKey } from "./objects.ts";

/** The parts of a key; the namespace of what has none is "". */
export function splitKey(key: ObjectKey): { readonly namespace: string; readonly name: string } {
	const slash = key.indexOf("/");
	return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}
