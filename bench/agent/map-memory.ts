import { readdirSync } from "node:fs";
import { join } from "node:path";

import { PinPaths } from "../../src/dataplane/pins.ts";
import type { LabNode } from "../../test/lib/net/node.ts";

/** Tables of flows: their size is the traffic's, not the cluster's. */
const OF_FLOWS = new Set(["flows", "overflow"]);

/** What a pin's name has after the map's. */
const VERSION = /_v\d+$/;

/** Kernel memory of an agent's maps, in MiB. */
export interface MapMemory {
	readonly withoutFlows: number;
	readonly flows: number;
	/** Flow entries that there is room for. */
	readonly flowEntries: number;
	/** The map that takes most, flow tables left out. */
	readonly largest: { readonly name: string; readonly mib: number };
}

interface Shown {
	readonly max_entries: number;
	readonly bytes_memlock: number;
}

/** Reads the maps pinned by a node's agent, as bpftool counts them. */
export function mapMemory(node: LabNode): MapMemory {
	const directory = new PinPaths(node.pinPath).maps;
	const maps = readdirSync(directory).map((pin) => {
		const show = ["bpftool", "-j", "map", "show", "pinned", join(directory, pin)];
		const { max_entries, bytes_memlock } = JSON.parse(node.place.run(show)) as Shown;
		return { name: pin.replace(VERSION, ""), entries: max_entries, mib: bytes_memlock / 2 ** 20 };
	});
	const sum = (some: typeof maps): number => some.reduce((total, { mib }) => total + mib, 0);
	const others = maps.filter(({ name }) => !OF_FLOWS.has(name));
	const flows = maps.filter(({ name }) => OF_FLOWS.has(name));
	const [largest] = others.toSorted((a, b) => b.mib - a.mib);
	if (largest === undefined) throw new Error(`${directory} holds no maps`);
	return {
		withoutFlows: sum(others),
		flows: sum(flows),
		flowEntries: entriesOf(maps, "flows"),
		largest,
	};
}

function entriesOf(maps: readonly { name: string; entries: number }[], wanted: string): number {
	const map = maps.find(({ name }) => name === wanted);
	if (map === undefined) throw new Error(`no map ${wanted} is pinned`);
	return map.entries;
}
