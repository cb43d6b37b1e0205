/** The node's own address of each family: the source of masquerade where a device has none. */

import { familyOf } from "../model/address.ts";
import type { Family } from "../model/objects.ts";
import { defaultRoutes, type NetworkView, primaryAddress } from "./device-view.ts";

/**
 * In this order: `override` (--bind-address), the Node object's addresses that are really on this
 * machine, the default route's source, the address of the default route's device, any global
 * address. "" when there is none.
 */
export function nodeAddress(
	view: NetworkView,
	family: Family,
	override: string,
	nodeAddresses: readonly string[],
): string {
	if (override !== "" && familyOf(override) === family) return override;
	const local = new Set(view.addresses.map((entry) => entry.address));
	const named = nodeAddresses.find((address) => local.has(address) && familyOf(address) === family);
	if (named !== undefined) return named;
	const routes = defaultRoutes(view).filter((route) => route.family === family);
	const candidates = [
		...routes.flatMap((route) => [
			route.source,
			...route.ifindexes.map((ifindex) => primaryAddress(view, ifindex, family)),
		]),
		...view.links.map(({ ifindex }) => primaryAddress(view, ifindex, family)),
	];
	return candidates.find((address) => address !== "") ?? "";
}
