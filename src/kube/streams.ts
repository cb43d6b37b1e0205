import type { IncomingMessage } from "node:http";
import { reasonOf } from "../errors.ts";
import { ProtocolError } from "./api-error.ts";
import { type Json, recordOf } from "./json.ts";
import { LineSplitter } from "./lines.ts";
import { ListScanner } from "./list-scanner.ts";
import { metadataOf } from "./metadata.ts";
import { Pacer } from "./pacer.ts";
import { parseWatchEvent, type WatchEvent } from "./watch-event.ts";
import type { Watchdog } from "./watchdog.ts";

/**
 * Reads a watch until the server ends it. A last line without end is dropped: its event comes again
 * with the next watch. Throws what parseWatchEvent and `onEvent` throw, and network errors.
 */
export async function readEvents(
	response: IncomingMessage,
	watchdog: Watchdog,
	onEvent: (event: WatchEvent) => void,
): Promise<void> {
	const lines = new LineSplitter();
	await readParts(response, watchdog, {
		cut: (chunk) => lines.push(chunk),
		take: (line) => onEvent(parseWatchEvent(line)),
	});
}

/** Reads a list, item by item; its version. */
export async function readList(
	response: IncomingMessage,
	watchdog: Watchdog,
	onItem: (object: Json) => void,
): Promise<string> {
	const scanner = new ListScanner();
	await readParts(response, watchdog, {
		cut: (chunk) => scanner.push(chunk),
		take: (item) => onItem(parseItem(item)),
	});
	return metadataOf(scanner.end()).resourceVersion;
}

async function readParts(
	response: IncomingMessage,
	watchdog: Watchdog,
	parts: { cut(chunk: Buffer): Iterable<Buffer>; take(part: Buffer): void },
): Promise<void> {
	const pacer = new Pacer();
	for await (const chunk of response) {
		for (const part of parts.cut(chunk as Buffer)) {
			parts.take(part);
			watchdog.feed();
			if (pacer.due()) {
				await pacer.turn();
			}
		}
	}
}

function parseItem(item: Buffer): Json {
	try {
		return recordOf(JSON.parse(item.toString("utf8")));
	} catch (error) {
		const reason = reasonOf(error);
		throw new ProtocolError(`an item of a list is no JSON: ${reason}`);
	}
}
