import { reasonOf } from "../errors.ts";
import { ApiError, ProtocolError } from "./api-error.ts";
import { type Json, recordOf, show } from "./json.ts";
import { type Metadata, metadataOf } from "./metadata.ts";

/** Annotation of the bookmark that ends the initial events of a WatchList. */
const INITIAL_EVENTS_END = "k8s.io/initial-events-end";

export interface ObjectEvent {
	readonly type: "put" | "remove";
	readonly object: Json;
	readonly metadata: Metadata;
}

export type WatchEvent =
	| ObjectEvent
	| { readonly type: "bookmark"; readonly version: string; readonly endsInitial: boolean };

/** Reads one line of a watch. Throws ProtocolError, and ApiError for an ERROR event. */
export function parseWatchEvent(line: Buffer): WatchEvent {
	const event = recordOf(parseLine(line));
	const object = recordOf(event.object);
	const metadata = metadataOf(object);
	switch (event.type) {
		case "ADDED":
		case "MODIFIED":
			return { type: "put", object, metadata };
		case "DELETED":
			return { type: "remove", object, metadata };
		case "BOOKMARK": {
			const endsInitial = metadata.annotation(INITIAL_EVENTS_END) === "true";
			return { type: "bookmark", version: metadata.resourceVersion, endsInitial };
		}
		case "ERROR":
			throw new ApiError(typeof object.code === "number" ? object.code : 0, object);
		default:
			throw new ProtocolError(`an event of a watch has type ${show(event.type)}`);
	}
}

function parseLine(line: Buffer): unknown {
	try {
		return JSON.parse(line.toString("utf8"));
	} catch (error) {
		const reason = reasonOf(error);
		throw new ProtocolError(`a line of a watch is no JSON: ${reason}`);
	}
}
