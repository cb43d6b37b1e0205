import type { Change, Skip } from "../model/objects.ts";
import type { FileObjects } from "./objects.ts";

/** All files' objects as one set. */
export interface MergedObjects {
	/** By kind and key; each object once. */
	readonly changes: ReadonlyMap<string, Change>;
	readonly skips: readonly Skip[];
}

/** A name for an object that no object of another kind has. */
export const idOf = (change: Pick<Change, "kind" | "key">): string =>
	`${change.kind} ${change.key}`;

/**
 * Files in the order of their names; of an object that is there twice the first one counts and the
 * others are skipped.
 */
export function mergeFiles(files: ReadonlyMap<string, FileObjects>): MergedObjects {
	const changes = new Map<string, Change>();
	const origins = new Map<string, string>();
	const skips: Skip[] = [];
	for (const [file, objects] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
		skips.push(...objects.skips);
		for (const change of objects.changes) {
			const id = idOf(change);
			const origin = origins.get(id);
			if (origin !== undefined) {
				skips.push(secondCopy(change, file, origin));
				continue;
			}
			origins.set(id, file);
			changes.set(id, change);
		}
	}
	return { changes, skips };
}

function secondCopy(change: Change, file: string, origin: string): Skip {
	const where = origin === file ? "earlier in the same file" : `in ${origin}`;
	return {
		object: `${KIND_NAMES[change.kind]} ${change.key}`,
		reason: `the one in ${file} is not used: it is already ${where}`,
	};
}

const KIND_NAMES = { service: "Service", slice: "EndpointSlice", node: "Node" } as const;
