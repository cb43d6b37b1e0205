import { MAPS } from "../layout/structs.ts";
import { fakeMap } from "./fake.ts";
import type { MapPort } from "./port.ts";

/** The maps that hold services and their backends. */
export type ServiceMapName =
	| "services"
	| "slots"
	| "backends"
	| "filter"
	| "frontends"
	| "names"
	| "tombstones";

/**
 * Empty fakes of the maps that hold services and their backends.
 *
 * @param sizes numbers of entries other than the default ones
 */
export function fakeServiceMaps(
	sizes: Partial<Record<ServiceMapName, number>> = {},
): Record<ServiceMapName, MapPort> {
	const make = (name: ServiceMapName) =>
		fakeMap({ ...MAPS[name], maxEntries: sizes[name] ?? MAPS[name].maxEntries });
	return {
		services: make("services"),
		slots: make("slots"),
		backends: make("backends"),
		filter: make("filter"),
		frontends: make("frontends"),
		names: make("names"),
		tombstones: make("tombstones"),
	};
}
