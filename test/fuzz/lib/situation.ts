/** What a verdict depends on besides the packet. */
import { type DeviceName, ifindexOf } from "../../bpf/lib/topology.ts";
import type { Flows } from "./flows.ts";
import type { Foreign, Parsed, Tuple } from "./parse-frame.ts";
import type { KnownDevice, Place } from "./place.ts";

export type Mode = "auto" | "stack" | "redirect";

/** The state before the packet. */
export interface Situation {
	readonly place: Place;
	readonly devices: ReadonlyMap<DeviceName, KnownDevice>;
	readonly mode: Mode;
	/** False: there is no masquerade address of last resort. */
	readonly nodeAddress: boolean;
	/** True: the masquerade range has one port. */
	readonly onePort: boolean;
	/** Ids of backends that left. */
	readonly gone: ReadonlySet<number>;
	readonly flows: Flows;
	/** Ports by datagram, see datagramOf. */
	readonly fragments: ReadonlyMap<string, Pick<Tuple, "sport" | "dport">>;
	/** Direct flows were made. */
	readonly directInUse: boolean;
}

/** A packet at a hook of a device. */
export interface Arrival {
	readonly frame: Uint8Array;
	readonly parsed: Parsed | Foreign;
	readonly device: DeviceName;
	readonly hook: "ingress" | "egress";
	/** False: it came in by another device before, at egress. */
	readonly fromNode: boolean;
	readonly gsoSize: number;
}

/** Numbers of enum flow_hook. */
export function hookNumber({ hook }: Arrival): number {
	return hook === "ingress" ? 0 : 1;
}

export function arrivedAt({ device }: Arrival): number {
	return ifindexOf(device);
}

export function datagramOf({ src, dst, proto, fragmentId }: Parsed): string {
	return `${src} ${dst} ${proto} ${fragmentId}`;
}
