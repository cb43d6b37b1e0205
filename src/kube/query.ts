import type { Resource } from "./resource.ts";

/** Shortest and longest life of a watch, in s: nodes that began together do not end together. */
const MIN_WATCH_S = 300;
const MAX_WATCH_S = 600;

/** Which objects of a resource, as the path of a request. */
export interface Selection {
	readonly resource: Resource;
	/** false for servers that do not know the field. */
	readonly byField: boolean;
}

/** A list that is not older than `version`; "0": whatever the server has, "": the very newest. */
export function listPath(selection: Selection, version: string): string {
	return pathOf(selection, version === "" ? {} : { resourceVersion: version });
}

/** A watch of what happens after `version`. `random`: 0 <= x < 1. */
export function watchPath(selection: Selection, version: string, random: number): string {
	return pathOf(selection, { ...watchQuery(random), resourceVersion: version });
}

/** A watch that begins with all objects as they are (KEP-3157). */
export function watchListPath(selection: Selection, random: number): string {
	return pathOf(selection, {
		...watchQuery(random),
		sendInitialEvents: "true",
		resourceVersionMatch: "NotOlderThan",
	});
}

function watchQuery(random: number): Record<string, string> {
	const seconds = MIN_WATCH_S + Math.floor(random * (MAX_WATCH_S - MIN_WATCH_S + 1));
	return { watch: "true", allowWatchBookmarks: "true", timeoutSeconds: String(seconds) };
}

function pathOf({ resource, byField }: Selection, query: Record<string, string>): string {
	const all = new URLSearchParams(query);
	if (resource.labelSelector !== "") {
		all.set("labelSelector", resource.labelSelector);
	}
	if (byField && resource.fieldSelector !== "") {
		all.set("fieldSelector", resource.fieldSelector);
	}
	return all.size > 0 ? `${resource.path}?${all}` : resource.path;
}
