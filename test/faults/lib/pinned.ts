import { loadAddon } from "../../../src/dataplane/addon.ts";
import { fakeServiceMaps } from "../../../src/dataplane/fake-maps.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { bytesToAddress } from "../../../src/model/address-bytes.ts";
import { dumpMaps } from "../../../src/sync/dump.ts";
import { SyncMaps, type SyncPorts } from "../../../src/sync/maps.ts";
import { present } from "../../unit/sync/histories.ts";
import { lookup } from "../../unit/sync/lookup.ts";
import { mapEach } from "./maps.ts";

/** The maps that an agent has pinned. */
export function pinnedMaps(pinPath: string): SyncPorts {
	const pins = new PinPaths(pinPath);
	const names = fakeServiceMaps({ services: 1, slots: 1, backends: 1, filter: 1 });
	return mapEach(names, (_, name) => loadAddon().BpfMap.fromPin(pins.map(name)));
}

export function pinnedDump(maps: SyncPorts): string {
	return present(dumpMaps(maps));
}

/** Frontends in pinned maps that lead to a backend which is gone, foreign, or not noticed. */
export function brokenFrontends(pinPath: string): string[] {
	const maps = pinnedMaps(pinPath);
	const broken: string[] = [];
	for (const [{ addr, port, proto, scope }] of new SyncMaps(maps).frontends.entries()) {
		const address = bytesToAddress(addr);
		const seen = lookup(maps, address, { port, proto, scope });
		if (seen === "broken") broken.push(`${address} ${port}/${proto} is ${seen}`);
	}
	return broken;
}
