/** Takes everything out of the kernel again: links, filters, pins. */
import { existsSync, rmSync } from "node:fs";
import type { Addon } from "../dataplane/addon.ts";
import { openLink } from "../dataplane/attach-cgroup.ts";
import { CLSACT_HANDLE, removeClsactFilter } from "../dataplane/attach-tc.ts";
import { listPins, type PinPaths } from "../dataplane/pins.ts";

export interface CleanupResult {
	readonly links: number;
	readonly filters: number;
	readonly pins: number;
}

const DIRECTIONS = ["ingress", "egress"] as const;

/**
 * Removes what the agent of this pin path and network namespace left. Doing it twice is harmless.
 * Throws, and removes nothing, when the pin path is not on a bpffs: what is there is not ours.
 * Throws, having removed the rest, when something remains.
 */
export function cleanup(addon: Addon, pins: PinPaths): CleanupResult {
	if (existsSync(pins.root) && !addon.isBpffs(pins.root)) {
		throw new Error(`${pins.root} is not on a bpffs: nothing there was pinned by an agent`);
	}
	const links = removeLinks(addon, pins);
	const filters = removeFilters(addon);
	const rest = [pins.maps, pins.programs].flatMap(listPins).length;
	pins.remove();
	const remains = leftovers(addon, pins);
	if (remains.length > 0) throw new Error(`could not be removed: ${remains.join(", ")}`);
	return { links, filters, pins: links + rest };
}

/** What an agent leaves and is still there: paths of pins, and devices with filters. */
function leftovers(addon: Addon, pins: PinPaths): string[] {
	const pinned = [pins.links, pins.maps, pins.programs].flatMap((directory) =>
		listPins(directory).map((name) => `${directory}/${name}`),
	);
	const filtered = addon
		.links()
		.filter(({ ifindex }) => DIRECTIONS.some((direction) => hasFilter(addon, ifindex, direction)))
		.map(({ name }) => `filter of device ${name}`);
	return [...pinned, ...filtered];
}

function hasFilter(addon: Addon, ifindex: number, direction: (typeof DIRECTIONS)[number]): boolean {
	return addon.tcFilters(ifindex, direction).some(({ handle }) => handle === CLSACT_HANDLE);
}

function removeLinks(addon: Addon, pins: PinPaths): number {
	const names = listPins(pins.links);
	for (const name of names) {
		const path = `${pins.links}/${name}`;
		const link = openLink(addon, path);
		const { ifindex = 0, cgroupId = 0n } = link?.info ?? {};
		if (ifindex !== 0 || cgroupId !== 0n) link?.detach();
		link?.close();
		rmSync(path, { force: true });
	}
	return names.length;
}

function removeFilters(addon: Addon): number {
	let removed = 0;
	for (const { ifindex } of addon.links()) {
		const ours = DIRECTIONS.filter((direction) => hasFilter(addon, ifindex, direction));
		for (const direction of ours) {
			if (removeClsactFilter(addon, ifindex, direction)) removed++;
		}
		const empty = DIRECTIONS.every((direction) => addon.tcFilters(ifindex, direction).length === 0);
		if (ours.length > 0 && empty) addon.tcHookDestroy(ifindex);
	}
	return removed;
}
