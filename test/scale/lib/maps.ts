import { openPinned } from "../../../src/cli/read/open.ts";
import { fakeServiceMaps, type ServiceMapName } from "../../../src/dataplane/fake-maps.ts";
import { type Kind, toChange } from "../../../src/kube/change.ts";
import { Interner } from "../../../src/kube/intern.ts";
import {
	Backend,
	BackendState,
	MAPS,
	type MapName,
	Service,
	unpackBackendWord,
	unpackSetWord,
} from "../../../src/layout/structs.ts";
import { Cluster as Model } from "../../../src/model/cluster.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import type { SyncPorts } from "../../../src/sync/maps.ts";
import { Syncer } from "../../../src/sync/syncer.ts";
import type { Cluster } from "../../cluster/lib/cluster.ts";
import type { LabNode } from "../../lib/net/node.ts";

/** How much of the id spaces an agent's maps use. */
export interface Use {
	/** Backend ids that are not gone. */
	readonly live: number;
	/** Backend ids that belong to some Service, those that rest included. */
	readonly owned: number;
	/** The highest backend id that is owned, and the end of the highest range of slots in a set. */
	readonly highestBackend: number;
	readonly highestSlot: number;
}

/** Reads the maps pinned by a node's agent. */
export function useOf(node: LabNode): Use {
	const pinned = openPinned(node.pinPath);
	const use = { live: 0, owned: 0, highestBackend: 0, highestSlot: 0 };
	const backends = new DataView(pinned.map("backends").memory());
	for (let at = 0; at < backends.byteLength; at += MAPS.backends.stride) {
		if (backends.getUint32(at + Backend.OFFSET.service, true) === 0) continue;
		use.owned++;
		use.highestBackend = at / MAPS.backends.stride;
		const { state } = unpackBackendWord(backends.getUint32(at + Backend.OFFSET.word, true));
		if (state !== BackendState.BACKEND_GONE) use.live++;
	}
	const services = new DataView(pinned.map("services").memory());
	for (let at = 0; at < services.byteLength; at += MAPS.services.stride) {
		for (const set of [Service.OFFSET.cluster_set, Service.OFFSET.local_set]) {
			const { base, count } = unpackSetWord(services.getBigUint64(at + set, true));
			if (count > 0) use.highestSlot = Math.max(use.highestSlot, base + count);
		}
	}
	return use;
}

/**
 * How an agent's maps differ from those of a node that starts now, with the objects that the API server
 * has; "" when they do not. By hand, since to explain how two lists of a million lines differ takes
 * assert.deepEqual() more memory than there is.
 */
export async function differenceFromFresh(cluster: Cluster, node: LabNode): Promise<string> {
	const found = pinnedDump(node);
	const wanted = await freshDump(cluster, node);
	const missing = without(wanted, found).map((line) => `missing: ${line}`);
	const surplus = without(found, wanted).map((line) => `surplus: ${line}`);
	if (missing.length + surplus.length > 0) {
		const shown = [...missing.slice(0, 10), ...surplus.slice(0, 10)];
		return [`${missing.length} missing, ${surplus.length} surplus`, ...shown].join("\n");
	}
	return found.every((line, i) => line === wanted[i]) ? "" : "lines in another order";
}

function without(lines: readonly string[], others: readonly string[]): string[] {
	const known = new Set(others);
	return lines.filter((line) => !known.has(line));
}

/** What an agent's maps hold, as `sluice maps` shows it, without what is kept of the past. */
function pinnedDump(node: LabNode): string[] {
	const pinned = openPinned(node.pinPath);
	const names = Object.keys(fakeServiceMaps()) as MapName[];
	const ports = Object.fromEntries(names.map((name) => [name, pinned.map(name)]));
	return linesOf(ports as unknown as SyncPorts);
}

async function freshDump({ plane }: Cluster, node: LabNode): Promise<string[]> {
	const model = new Model(node.name);
	const interner = new Interner();
	const paths: [Kind, string][] = [
		["Node", "/api/v1/nodes"],
		["ServiceCIDR", "/apis/networking.k8s.io/v1/servicecidrs"],
		["Service", "/api/v1/services"],
		["EndpointSlice", "/apis/discovery.k8s.io/v1/endpointslices"],
	];
	for (const [kind, path] of paths) {
		const { items } = await plane.api.request("GET", path);
		model.apply((items as object[]).map((item) => toChange(kind, item, interner)));
	}
	const maps = fakeServiceMaps(sizesOf(node));
	const syncer = new Syncer(model, maps);
	await syncer.adopt();
	await syncer.syncOnce();
	return linesOf(maps);
}

function sizesOf(node: LabNode): Partial<Record<ServiceMapName, number>> {
	const pinned = openPinned(node.pinPath);
	const names = Object.keys(fakeServiceMaps()) as ServiceMapName[];
	return Object.fromEntries(names.map((name) => [name, pinned.map(name).info.maxEntries]));
}

/**
 * Tombstones tell of endpoints that left, and draining backends of such as go on with what they have:
 * a fresh start knows of neither.
 */
function linesOf(ports: SyncPorts): string[] {
	const lines = dumpMaps(ports).split("\n");
	const [from, to] = [lines.indexOf("tombstones"), lines.indexOf("filter")];
	const kept = [...lines.slice(0, from), ...lines.slice(to)];
	return kept.filter((line) => !/ draining( local)?$/.test(line));
}
