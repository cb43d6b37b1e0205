import { type FSWatcher, watch } from "chokidar";
import { reasonOf } from "../errors.ts";
import { toRemoval } from "../kube/change.ts";
import { Outbox } from "../kube/outbox.ts";
import type { Logger } from "../log.ts";
import type { Change, ObjectSource, SourceListener, SourceStatus } from "../model/objects.ts";
import { FileStore } from "./file-store.ts";
import { mergeFiles } from "./merge.ts";

export interface ManifestSourceOptions {
	readonly dir: string;
	readonly log: Logger;
}

/** One write makes several events; they are over well within this time. */
const DEBOUNCE_MS = 20;
/** Finds what no event tells: a directory that appears, files behind links on other devices. */
const RESCAN_MS = 5000;

/** A directory of manifests as a source of objects: read at start, followed until stopped. */
export class ManifestSource implements ObjectSource {
	readonly #log: Logger;
	readonly #dir: string;
	readonly #store: FileStore;
	#delivered: ReadonlyMap<string, Change> = new Map();
	#outbox: Outbox | undefined;
	#watcher: FSWatcher | undefined;
	#scanning = Promise.resolve();
	#timer: NodeJS.Timeout | undefined;
	#timerDue = Number.POSITIVE_INFINITY;
	#synced = false;
	#isComplete = false;
	#error = "";
	#failures = 0;
	readonly #reported = new Set<string>();

	constructor({ dir, log }: ManifestSourceOptions) {
		this.#dir = dir;
		this.#log = log;
		this.#store = new FileStore(dir);
	}

	start(listener: SourceListener): void {
		this.#outbox = new Outbox(listener, this.#log);
		const soon = () => this.#scanIn(DEBOUNCE_MS);
		this.#watcher = watch(this.#dir, { depth: 0, ignoreInitial: true })
			.on("all", soon)
			.on("raw", soon)
			// What changed before the watch began had no event.
			.on("ready", soon)
			.on("error", (error) => this.#fail(`watching ${this.#dir}`, error));
		this.#scanIn(0);
	}

	async stop(): Promise<void> {
		clearTimeout(this.#timer);
		this.#outbox?.close();
		this.#outbox = undefined;
		await this.#watcher?.close();
		await this.#scanning;
	}

	status(): readonly SourceStatus[] {
		const count = (kind: Change["kind"]) =>
			[...this.#delivered.values()].filter((change) => change.kind === kind && change.object)
				.length;
		const line = (kind: string, objects: number): SourceStatus => ({
			kind,
			synced: this.#synced,
			error: this.#error,
			failures: this.#failures,
			objects,
		});
		return [
			line("Services", count("service")),
			line("EndpointSlices", count("slice")),
			line("Node", count("node")),
			line("ServiceCIDRs", count("cidr")),
		];
	}

	/** Scans after that time at the latest; more events do not put it off. */
	#scanIn(ms: number): void {
		const due = performance.now() + ms;
		if (this.#outbox === undefined || due >= this.#timerDue) {
			return;
		}
		clearTimeout(this.#timer);
		this.#timerDue = due;
		this.#timer = setTimeout(() => {
			this.#timerDue = Number.POSITIVE_INFINITY;
			this.#scanning = this.#scanning.then(() => this.#scan());
		}, ms);
	}

	async #scan(): Promise<void> {
		if (this.#outbox === undefined) {
			return;
		}
		try {
			const { changed, unsettled } = await this.#store.scan(performance.now());
			if (changed || !this.#synced) {
				this.#deliver();
			}
			const error = this.#store.errors()[0] ?? "";
			if (error !== "" && error !== this.#error) this.#failures++;
			this.#error = error;
			this.#report();
			this.#scanIn(unsettled ? DEBOUNCE_MS * 5 : RESCAN_MS);
		} catch (error) {
			this.#fail(`reading ${this.#dir}`, error);
			this.#scanIn(RESCAN_MS);
		}
	}

	#deliver(): void {
		const merged = mergeFiles(this.#store.objects());
		const changes = difference(this.#delivered, merged.changes);
		this.#delivered = merged.changes;
		for (const { object, reason } of merged.skips) {
			this.#once(`${object}: ${reason}`, () => {
				this.#log.warn({ object, reason }, "a manifest has something that is not served");
			});
		}
		if (changes.length > 0) {
			this.#outbox?.add(changes);
		}
		const { isComplete } = this.#store;
		if (!this.#synced || (isComplete && !this.#isComplete)) {
			this.#outbox?.sync(isComplete);
			this.#synced = true;
			this.#isComplete = isComplete;
		}
	}

	#report(): void {
		for (const error of this.#store.errors()) {
			this.#once(error, () => {
				this.#log.error({ reason: error }, "a manifest cannot be read; what it said before stays");
			});
		}
	}

	/** The same message again, scan after scan, says nothing new. */
	#once(message: string, log: () => void): void {
		if (this.#reported.size > 1000) {
			this.#reported.clear();
		}
		if (!this.#reported.has(message)) {
			this.#reported.add(message);
			log();
		}
	}

	#fail(doing: string, error: unknown): void {
		const reason = reasonOf(error);
		this.#error = `${doing}: ${reason}`;
		this.#failures++;
		this.#once(this.#error, () => this.#log.error({ reason }, `${doing} failed`));
	}
}

/** What turns the one set of objects into the other; objects that say the same are no change. */
function difference(
	before: ReadonlyMap<string, Change>,
	after: ReadonlyMap<string, Change>,
): readonly Change[] {
	const changes: Change[] = [];
	for (const [id, { kind, key }] of before) {
		if (!after.has(id)) {
			changes.push(toRemoval(kind, key));
		}
	}
	for (const [id, change] of after) {
		const known = before.get(id);
		if (known !== change && JSON.stringify(known) !== JSON.stringify(change)) {
			changes.push(change);
		}
	}
	return changes;
}
