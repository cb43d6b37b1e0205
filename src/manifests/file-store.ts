import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Interner } from "../kube/intern.ts";
import { listManifests } from "./files.ts";
import { type FileObjects, objectsOf } from "./objects.ts";
import { parseManifest } from "./parse.ts";

/** How long a file that looks half written may stay unchanged until it is taken as it is. */
const SETTLE_MS = 500;

interface KnownFile {
	/** Changes whenever the file does. */
	readonly signature: string;
	/** The last content that could be read completely. */
	readonly objects: FileObjects;
	/** Why `objects` is not what the file says now; "" when it is. */
	readonly error: string;
	/** Since when the current signature has waited to settle; undefined: it is taken. */
	readonly heldSince: number | undefined;
}

export interface Scan {
	/** Whether any file's objects or error may differ from the scan before. */
	readonly changed: boolean;
	/** Whether a file waits to settle: scan again after SETTLE_MS. */
	readonly unsettled: boolean;
}

/**
 * The manifests of one directory as last read. A file that does not parse, or that is empty all of
 * a sudden, keeps the content it had: whoever writes it may not be done.
 */
export class FileStore {
	readonly #dir: string;
	readonly #interner = new Interner();
	#files = new Map<string, KnownFile>();

	constructor(dir: string) {
		this.#dir = dir;
	}

	/** Reads what has changed. Throws when the directory cannot be read; nothing is lost then. */
	scan(now: number): Scan {
		const next = new Map<string, KnownFile>();
		let changed = false;
		for (const file of listManifests(this.#dir)) {
			const known = this.#files.get(file);
			const read = this.#read(file, known, now);
			changed ||= read !== known;
			if (read) {
				next.set(file, read);
			}
		}
		changed ||= next.size !== this.#files.size;
		this.#files = next;
		const unsettled = [...next.values()].some((file) => file.heldSince !== undefined);
		return { changed, unsettled };
	}

	/** Each file's last good content. */
	objects(): ReadonlyMap<string, FileObjects> {
		return new Map([...this.#files].map(([file, { objects }]) => [file, objects]));
	}

	/** Why files' current content is not in use, one message each. */
	errors(): readonly string[] {
		return [...this.#files.values()].map(({ error }) => error).filter((error) => error !== "");
	}

	#read(file: string, known: KnownFile | undefined, now: number): KnownFile | undefined {
		try {
			const path = join(this.#dir, file);
			const { ino, size, mtimeNs } = statSync(path, { bigint: true });
			const signature = `${ino} ${size} ${mtimeNs}`;
			const same = known?.signature === signature;
			if (same && known.heldSince === undefined) {
				return known;
			}
			const text = readFileSync(path, "utf8");
			const heldSince = same ? known.heldSince : now;
			const settled = known === undefined || now - (heldSince ?? now) >= SETTLE_MS;
			if (known && !settled && looksUnfinished(text)) {
				return same ? known : { ...known, signature, heldSince };
			}
			return this.#parse({ file, text, signature }, known?.objects);
		} catch (error) {
			return unreadable(file, known, error);
		}
	}

	#parse(
		{ file, text, signature }: { file: string; text: string; signature: string },
		last: FileObjects | undefined,
	): KnownFile {
		const { documents, errors } = parseManifest(text, file);
		const [broken] = errors;
		const error = broken?.message ?? (text === "" ? `${file}:1:1: the file is empty` : "");
		const keep = error !== "" && last !== undefined;
		const objects = keep ? last : objectsOf(documents, this.#interner);
		return { signature, objects, error, heldSince: undefined };
	}
}

/** Editors and shells write a file's last newline last, and truncate it first. */
function looksUnfinished(text: string): boolean {
	return !text.endsWith("\n");
}

function unreadable(
	file: string,
	known: KnownFile | undefined,
	error: unknown,
): KnownFile | undefined {
	const reason = error instanceof Error ? error.message : String(error);
	if (error instanceof Error && "code" in error && error.code === "ENOENT") {
		// Removed between listing and reading.
		return undefined;
	}
	const message = `${file}: ${reason}`;
	if (known?.error === message) {
		return known;
	}
	const objects = known?.objects ?? { changes: [], skips: [] };
	return { signature: "", objects, error: message, heldSince: undefined };
}
