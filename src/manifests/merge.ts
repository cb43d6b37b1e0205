import type { Change, Skip } from "../model/objects.ts";
import type { FileObjects } from "./objects.ts";

/** All files' objects as one set. */
export interface MergedObjects {
	/** By idOf(); each object once. */
	readonly changes: ReadonlyMap<string, Change>;
	/** What is no object of ours, or does not parse; the skips of objects are with the objects. */
	readonly skips: readonly Skip[];
}

/** A name for an object that no object of another kind has. */
export const idOf = (change: Pick<Change, "kind" | "key">): string =>
	`${change.kind} ${change.key}`;

/**
 * Files in the order of their names; of an object that is there twice the first one counts, and
 * its skips name the others.
 */
export function mergeFiles(files: ReadonlyMap<string, FileObjects>): MergedObjects {
	const changes = new Map<string, Change>();
	const origins = new Map<string, string>();
	const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
	for (const [file, objects] of sorted) {
		for (const change of objects.changes) {
			const id = idOf(change);
			const first = changes.get(id);
			changes.set(id, first ? withCopy(first, file, origins.get(id) ?? file) : change);
			if (!first) {
				origins.set(id, file);
			}
		}
	}
	return { changes, skips: sorted.flatMap(([, { skips }]) => skips) };
}

function withCopy(first: Change, file: string, origin: string): Change {
	const where = origin === file ? "earlier in the same file" : `in ${origin}`;
	const skip: Skip = {
		object: `${KIND_NAMES[first.kind]} ${first.key}`,
		reason: `the one in ${file} is not used: it is already ${where}`,
	};
	return { ...first, skips: [...first.skips, skip] };
}

const KIND_NAMES = {
	service: "Service",
	slice: "EndpointSlice",
	node: "Node",
	cidr: "ServiceCIDR",
} as const;
