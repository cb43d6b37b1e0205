import { MAPS } from "../layout/structs.ts";
import { fakeMap } from "./fake.ts";
import type { MapPort } from "./port.ts";

/** The maps that hold services, their backends and what is counted of them. */
export type ServiceMapName =
	| "services"
	| "slots"
	| "backends"
	| "filter"
	| "frontends"
	| "names"
	| "tombstones"
	| "ranges"
	| "sources"
	| "service_cidrs"
	| "control"
	| "backend_stats"
	| "service_stats";

/** Maps that have an element for each of another's. */
const SIZED_BY: Partial<Record<ServiceMapName, ServiceMapName>> = {
	backend_stats: "backends",
	service_stats: "services",
};

/**
 * Empty fakes of the maps that hold services and their backends.
 *
 * @param sizes numbers of entries other than the default ones
 */
export function fakeServiceMaps(
	sizes: Partial<Record<ServiceMapName, number>> = {},
): Record<ServiceMapName, MapPort> {
	const make = (name: ServiceMapName) =>
		fakeMap({ ...MAPS[name], maxEntries: sizes[SIZED_BY[name] ?? name] ?? MAPS[name].maxEntries });
	return {
		services: make("services"),
		slots: make("slots"),
		backends: make("backends"),
		filter: make("filter"),
		frontends: make("frontends"),
		names: make("names"),
		tombstones: make("tombstones"),
		ranges: make("ranges"),
		sources: make("sources"),
		service_cidrs: make("service_cidrs"),
		control: make("control"),
		backend_stats: make("backend_stats"),
		service_stats: make("service_stats"),
	};
}
