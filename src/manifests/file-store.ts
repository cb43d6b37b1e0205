import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "../errors.ts";
import { Interner } from "../kube/intern.ts";
import { type FileContent, NO_CONTENT, readContent } from "./file-reader.ts";
import { listManifests } from "./files.ts";
import type { FileObjects } from "./objects.ts";

/** How long a file that looks half written may stay unchanged until it is taken as it is. */
const SETTLE_MS = 500;

interface KnownFile {
	/** Changes whenever the file does. */
	readonly signature: string;
	/** The last content that could be read completely. */
	readonly content: FileContent;
	/** Why `content` is not what the file says now; "" when it is. */
	readonly error: string;
	/** It has never been read completely: it may say more than `content`. */
	readonly isPartial: boolean;
	/** Since when the current signature has waited to settle; undefined: it is taken. */
	readonly heldSince: number | undefined;
}

export interface Scan {
	/** Whether any file's objects or error may differ from the scan before. */
	readonly changed: boolean;
	/** Whether a file waits to settle: scan again soon. */
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

	/**
	 * Reads what has changed; one scan at a time. Rejects when the directory cannot be read; nothing
	 * is lost then.
	 */
	async scan(now: number): Promise<Scan> {
		const next = new Map<string, KnownFile>();
		let changed = false;
		for (const file of listManifests(this.#dir)) {
			const known = this.#files.get(file);
			const read = await this.#read(file, known, now).catch((error: unknown) =>
				unreadable(file, known, error),
			);
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
		return new Map([...this.#files].map(([file, { content }]) => [file, content.objects]));
	}

	/** Whether each file has been read completely at some time. */
	get isComplete(): boolean {
		return [...this.#files.values()].every(({ isPartial }) => !isPartial);
	}

	/** Why files' current content is not in use, one message each. */
	errors(): readonly string[] {
		return [...this.#files.values()].map(({ error }) => error).filter((error) => error !== "");
	}

	async #read(file: string, known: KnownFile | undefined, now: number): Promise<KnownFile> {
		const path = join(this.#dir, file);
		const { ino, size, mtimeNs } = await stat(path, { bigint: true });
		const signature = `${ino} ${size} ${mtimeNs}`;
		if (known?.signature === signature && known.heldSince === undefined) {
			return known;
		}
		const text = await readFile(path, "utf8");
		const held = known && looksUnfinished(text) ? hold(known, signature, now) : undefined;
		if (held) {
			return held;
		}
		const before = known?.content ?? NO_CONTENT;
		const content = await readContent({ file, text }, before, this.#interner);
		const empty = known && text === "" ? `${file}:1:1: the file is empty` : "";
		const error = content.error?.message ?? empty;
		if (error === "") return { signature, content, error, isPartial: false, heldSince: undefined };
		return known === undefined
			? { signature, content, error, isPartial: true, heldSince: undefined }
			: { ...known, signature, error, heldSince: undefined };
	}
}

/** Editors and shells write a file's last newline last, and truncate it first. */
function looksUnfinished(text: string): boolean {
	return !text.endsWith("\n");
}

/** The file with its last content, while it is too early to believe what it says. */
function hold(known: KnownFile, signature: string, now: number): KnownFile | undefined {
	if (known.signature !== signature) {
		return { ...known, signature, heldSince: now };
	}
	return now - (known.heldSince ?? now) < SETTLE_MS ? known : undefined;
}

/** A file that is there but cannot be read keeps its content; undefined: it is no longer there. */
function unreadable(
	file: string,
	known: KnownFile | undefined,
	error: unknown,
): KnownFile | undefined {
	if (error instanceof Error && "code" in error && error.code === "ENOENT") {
		return undefined;
	}
	const message = `${file}: ${reasonOf(error)}`;
	const content = known?.content ?? NO_CONTENT;
	return known?.error === message
		? known
		: {
				signature: "",
				content,
				error: message,
				isPartial: known?.isPartial ?? true,
				heldSince: undefined,
			};
}
