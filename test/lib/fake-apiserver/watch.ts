import type { Body } from "./body.ts";
import type { Selector } from "./selector.ts";
import type { Store, StoredEvent } from "./store.ts";

export interface Watch {
	readonly store: Store;
	readonly path: string;
	readonly selects: Selector;
	readonly body: Body;
	/** ms between two bookmarks. */
	readonly bookmarkMs: number;
}

/** Sends what has happened after a version and goes on with what happens; ends it. */
export function follow(watch: Watch, version: number): () => void {
	const { store, body, bookmarkMs } = watch;
	const history = store.since(version);
	if (history === undefined) {
		body.part(errorLine(410, "Expired", `too old resource version: ${version}`));
		body.end();
		return () => undefined;
	}
	for (const event of history) {
		sendEvent(watch, event);
	}
	const unsubscribe = store.subscribe((event) => {
		if (event.version > version) sendEvent(watch, event);
	});
	const timer = setInterval(() => {
		if (store.version >= version) body.part(bookmarkLine(store.version, false));
	}, bookmarkMs);
	return () => {
		clearInterval(timer);
		unsubscribe();
	};
}

/** Sends all objects in no particular order, and, if `marked`, the bookmark that ends them. */
export function sendInitial({ store, path, selects, body }: Watch, marked: boolean): void {
	const objects = store.list(path).filter(selects);
	for (const object of objects.reverse()) {
		body.part(eventLine("ADDED", object));
	}
	if (marked) {
		body.part(bookmarkLine(store.version, true));
	}
}

/** A write seen through the selectors: what comes into view is added, what leaves it deleted. */
function sendEvent({ path, selects, body }: Watch, event: StoredEvent): void {
	if (event.path !== path) {
		return;
	}
	const before = event.before !== undefined && selects(event.before);
	const after = event.after !== undefined && selects(event.after);
	if (after) {
		body.part(eventLine(before ? "MODIFIED" : "ADDED", event.after));
	} else if (before && event.before) {
		const object = event.before;
		const metadata = { ...object.metadata, resourceVersion: String(event.version) };
		body.part(eventLine("DELETED", { ...object, metadata }));
	}
}

function eventLine(type: string, object: unknown): string {
	return `${JSON.stringify({ type, object })}\n`;
}

function bookmarkLine(version: number, initialEnd: boolean): string {
	const annotations = initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
	return eventLine("BOOKMARK", { metadata: { resourceVersion: String(version), ...annotations } });
}

export function errorLine(code: number, reason: string, message: string): string {
	return eventLine("ERROR", { kind: "Status", code, reason, message });
}
