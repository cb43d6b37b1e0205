/**
 * The only door to the compiled addon (native/). native/index.d.ts documents what it can do. Its
 * BpfMap is a MapPort (port.ts) as it is.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import type * as native from "../../native/index.d.ts";
import { BpfError } from "../errors.ts";

export type Addon = typeof native;
export type {
	BpfLink,
	BpfMap,
	BpfObject,
	BpfProgram,
	Direction,
	Link,
	LinkAddress,
	LinkInfo,
	LinkWatch,
	MapInfo,
	Neighbour,
	NetfilterHook,
	NetlinkEvent,
	NetlinkMonitor,
	NetlinkTopic,
	NftChain,
	ProgramInfo,
	RingBuffer,
	Route,
	TcFilter,
	TestRunOptions,
	TestRunResult,
} from "../../native/index.d.ts";

/** Beside the bundle in an image, beside build/dist, and from the source tree. */
const places = [
	"./sluice.node",
	"../native/Release/sluice.node",
	"../../build/native/Release/sluice.node",
];

const loaded = new Map<string, Addon>();

/**
 * The addon, loaded once. Its failures are BpfErrors from then on.
 *
 * @param path the .node file; default: where the build puts it, seen from this module
 * @throws Error that names the places, when there is no addon
 */
export function loadAddon(path: string = findAddon()): Addon {
	const present = loaded.get(path);
	if (present !== undefined) {
		return present;
	}
	const addon = createRequire(import.meta.url)(path) as Addon;
	addon.setErrorClass(BpfError);
	loaded.set(path, addon);
	return addon;
}

function findAddon(): string {
	const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
	const path = paths.find((candidate) => existsSync(candidate));
	if (path === undefined) {
		throw new Error(`The addon is not built: none of ${paths.join(", ")} exists.`);
	}
	return path;
}
