import { linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type ApiObject, endpointAddresses, makeService } from "./objects.ts";

/** One JSON file with all objects of that many Services. */
export function writeBulk(path: string, services: number, endpoints: number): void {
	const items: ApiObject[] = [];
	for (let number = 0; number < services; number++) {
		const { service, slice } = makeService(number, endpointAddresses(number, endpoints));
		items.push(service, slice);
	}
	writeList(path, items);
}

/** A directory with the bulk (a link to it) and objects of its own. */
export function writeDirectory(path: string, bulk: string, own: readonly ApiObject[]): string {
	mkdirSync(path);
	linkSync(bulk, join(path, "bulk.json"));
	writeList(join(path, "own.json"), own);
	return path;
}

function writeList(path: string, items: readonly ApiObject[]): void {
	writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}
