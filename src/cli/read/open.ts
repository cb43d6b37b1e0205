/** The pinned maps and programs of a node, for commands that work without an agent. */
import { existsSync } from "node:fs";
import { type Addon, type BpfProgram, loadAddon } from "../../dataplane/addon.ts";
import { PinPaths } from "../../dataplane/pins.ts";
import type { MapPort } from "../../dataplane/port.ts";
import type { MapName } from "../../layout/structs.ts";

export interface Pinned {
	readonly addon: Addon;
	readonly pins: PinPaths;
	map(name: MapName): MapPort;
	/** A pinned test-run program: "reap" or "clock_probe". */
	program(name: string): BpfProgram;
}

/** Throws when nothing is pinned there. */
export function openPinned(pinPath: string): Pinned {
	const pins = new PinPaths(pinPath);
	if (!existsSync(pins.maps)) {
		throw new Error(`nothing is pinned at ${pinPath}: no agent has run with this --pin-path`);
	}
	const addon = loadAddon();
	const opened = new Map<MapName, MapPort>();
	return {
		addon,
		pins,
		map: (name) => {
			const map = opened.get(name) ?? addon.BpfMap.fromPin(pins.map(name));
			opened.set(name, map);
			return map;
		},
		program: (name) => addon.BpfProgram.fromPin(pins.program(name)),
	};
}
