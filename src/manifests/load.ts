import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reasonOf } from "../errors.ts";
import { Interner } from "../kube/intern.ts";
import type { Change, Skip } from "../model/objects.ts";
import { listManifests } from "./files.ts";
import { mergeFiles } from "./merge.ts";
import { type FileObjects, objectsOf } from "./objects.ts";
import { documentsOf, parseDocument } from "./parse.ts";

export interface LoadedManifests {
	/** Each object once, also those that are not ours to serve (with the reason in their skips). */
	readonly changes: readonly Change[];
	/**
	 * Everything that is left out: the skips of all changes, objects of other kinds, second copies,
	 * and documents that do not parse (object "File web.yaml", reason "web.yaml:3:5: ...").
	 */
	readonly skips: readonly Skip[];
}

/**
 * Reads all manifests of a directory once. Throws only when the directory itself cannot be read;
 * a file or document that cannot be read is skipped with its reason.
 */
export function loadManifests(dir: string): LoadedManifests {
	const interner = new Interner();
	const files = new Map<string, FileObjects>();
	for (const file of listManifests(dir)) {
		files.set(file, readObjects(dir, file, interner));
	}
	const merged = mergeFiles(files);
	const changes = [...merged.changes.values()];
	return { changes, skips: [...merged.skips, ...changes.flatMap((change) => change.skips)] };
}

function readObjects(dir: string, file: string, interner: Interner): FileObjects {
	const object = `File ${file}`;
	const changes: (readonly Change[])[] = [];
	const skips: (readonly Skip[])[] = [];
	try {
		for (const document of documentsOf(readFileSync(join(dir, file), "utf8"), file)) {
			const { values, error } = parseDocument(document, file);
			const objects = objectsOf(values, interner);
			changes.push(objects.changes);
			skips.push(error ? [{ object, reason: error.message }] : [], objects.skips);
		}
	} catch (error) {
		skips.push([{ object, reason: reasonOf(error) }]);
	}
	return { changes: changes.flat(), skips: skips.flat() };
}
