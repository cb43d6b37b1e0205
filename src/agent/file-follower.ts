/**
 * Follows one file: written in place, replaced by a rename, or behind the symbolic link ..data that
 * the kubelet swaps when a ConfigMap changes. It is the content that is compared.
 */

import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { type FSWatcher, watch } from "chokidar";
import { reasonOf } from "../errors.ts";

export interface FileFollowerOptions {
	readonly file: string;
	/** Called once for each new content, a missing file included; the first one soon after the start. */
	readonly onContent: () => void;
	/** What cannot be watched is looked at every few seconds all the same. */
	readonly onError: (reason: string) => void;
	/** Without a further event before the file is read, in ms. */
	readonly debounceMs?: number;
}

/** Longer than an editor takes between truncating a file and writing it. */
const DEBOUNCE_MS = 100;
/** So many times as long events can put the reading off: others may write beside the file all the time. */
const MAX_DEBOUNCES = 10;
/** Finds what no event tells, as on file systems of others. */
const RESCAN_MS = 5000;

export class FileFollower {
	readonly #options: FileFollowerOptions;
	#watcher: FSWatcher | undefined;
	#timer: NodeJS.Timeout | undefined;
	/** When the file is read at the latest; undefined: no event since it was read. */
	#latest: number | undefined;
	#content: string | undefined;

	constructor(options: FileFollowerOptions) {
		this.#options = options;
	}

	start(): void {
		const { file, onError } = this.#options;
		const soon = () => this.#readSoon();
		this.#watcher = watch(dirname(file), { depth: 0, ignoreInitial: true })
			.on("all", soon)
			.on("raw", soon)
			// What changed before the watch began had no event.
			.on("ready", soon)
			.on("error", (error) => onError(reasonOf(error)));
		soon();
	}

	async stop(): Promise<void> {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		await this.#watcher?.close();
		clearTimeout(this.#timer);
	}

	/** Another event puts it off, since a write may not be over. */
	#readSoon(): void {
		const { debounceMs = DEBOUNCE_MS } = this.#options;
		const now = performance.now();
		this.#latest ??= now + MAX_DEBOUNCES * debounceMs;
		this.#readIn(Math.max(0, Math.min(debounceMs, this.#latest - now)));
	}

	#readIn(ms: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#read(), ms).unref();
	}

	#read(): void {
		const content = contentOf(this.#options.file);
		const isNew = content !== this.#content;
		this.#content = content;
		this.#latest = undefined;
		this.#readIn(RESCAN_MS);
		if (isNew) this.#options.onContent();
	}
}

/** What a reader of the file would get; the reason when that is nothing. */
function contentOf(file: string): string {
	try {
		return `text ${readFileSync(file, "utf8")}`;
	} catch (error) {
		return `error ${reasonOf(error)}`;
	}
}
