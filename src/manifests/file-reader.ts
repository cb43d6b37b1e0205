import { createHash } from "node:crypto";
import type { Interner } from "../kube/intern.ts";
import { Pacer } from "../kube/pacer.ts";
import { type FileObjects, objectsOf } from "./objects.ts";
import { documentsOf, type ManifestError, parseDocument } from "./parse.ts";

/** A file's objects, document by document. */
export interface FileContent {
	readonly objects: FileObjects;
	/** What each good document says, by the hash of its text. */
	readonly documents: ReadonlyMap<string, FileObjects>;
	/** The first document that does not parse. */
	readonly error: ManifestError | undefined;
}

export const NO_CONTENT: FileContent = {
	objects: { changes: [], skips: [] },
	documents: new Map(),
	error: undefined,
};

/**
 * Reads the text of a file in slices, so that the event loop is not held up by a large one.
 * Documents that `before` has are taken from there, as the very same objects.
 */
export async function readContent(
	{ file, text }: { readonly file: string; readonly text: string },
	before: FileContent,
	interner: Interner,
): Promise<FileContent> {
	const pacer = new Pacer();
	const documents = new Map<string, FileObjects>();
	const all: FileObjects[] = [];
	let firstError: ManifestError | undefined;
	for (const document of documentsOf(text, file)) {
		if (pacer.due()) {
			await pacer.turn();
		}
		const hash = createHash("sha256").update(document.text).digest("base64");
		let objects = before.documents.get(hash);
		if (objects === undefined) {
			const { values, error } = parseDocument(document, file);
			firstError ??= error;
			objects = error ? NO_CONTENT.objects : objectsOf(values, interner);
		}
		documents.set(hash, objects);
		all.push(objects);
	}
	const objects = {
		changes: all.flatMap(({ changes }) => changes),
		skips: all.flatMap(({ skips }) => skips),
	};
	return { objects, documents, error: firstError };
}
