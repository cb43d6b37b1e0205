/** What /metrics shows of the maps and of the agent at that moment. */
import { readDrops } from "../cli/read/status.ts";
import type { MapPort } from "../dataplane/port.ts";
import { Control, type MapName } from "../layout/structs.ts";
import type { ObjectSource } from "../model/objects.ts";
import type { HealthState } from "../serve/health.ts";
import type { LiveCounters } from "../serve/metrics.ts";
import type { Syncer } from "../sync/syncer.ts";
import type { Devices } from "./devices.ts";
import type { FlowKeeper } from "./flow-keeper.ts";
import type { SkipLog } from "./skip-log.ts";

export interface LiveSources {
	readonly maps: Readonly<Record<MapName, MapPort>>;
	readonly syncer: Syncer;
	readonly devices: Devices;
	readonly flows: FlowKeeper;
	readonly skips: SkipLog;
	readonly health: HealthState;
	readonly source: ObjectSource;
}

export function liveCounters(sources: LiveSources): LiveCounters {
	const { maps, syncer, devices, flows, health, skips, source } = sources;
	const { services, frontends, tombstones, noLocalEndpoints } = syncer.status();
	const { half_open } = Control.decode(new DataView(maps.control.memory()), 0);
	const fill = (name: MapName, used: number) =>
		[name, { used, size: maps[name].info.maxEntries }] as const;
	return {
		drops: readDrops((name) => maps[name]),
		maps: new Map([
			fill("services", services),
			fill("frontends", frontends),
			fill("tombstones", tombstones),
			fill("flows", flows.last.flows),
			fill("overflow", flows.last.overflow),
		]),
		flowEntries: { flows: flows.last.flows, overflow: flows.last.overflow },
		halfOpen: Math.max(0, Number(BigInt.asIntN(64, half_open))),
		noLocalEndpoints,
		skipped: skips.count,
		sourceFailures: new Map(source.status().map(({ kind, failures }) => [kind, failures])),
		devices: { served: devices.served.length, failed: devices.failures.size },
		healthy: health.healthy,
	};
}
