/** What the pins say about the datapath as a whole. */
import { type AgentReport, askAgent } from "../../agent/report.ts";
import { openLink } from "../../dataplane/attach-cgroup.ts";
import { listPins } from "../../dataplane/pins.ts";
import type { MapPort } from "../../dataplane/port.ts";
import {
	Backend,
	BackendState,
	Control,
	DropCount,
	DropReason,
	Forwarding,
	MAPS,
	type MapName,
	Settings,
	unpackBackendWord,
} from "../../layout/structs.ts";
import { bytesToAddress } from "../../model/address-bytes.ts";
import type { Pinned } from "./open.ts";
import type { Maps } from "./snapshot.ts";
import { viewOf } from "./snapshot.ts";

export interface LinkStatus {
	readonly name: string;
	readonly type: string;
	/** "" for cgroups, and for devices that are gone. */
	readonly device: string;
	readonly programId: number;
	readonly attached: boolean;
}

export interface Status {
	/** Whether an agent with these pins runs in this network namespace. */
	readonly agentRuns: boolean;
	/** What the agent says of itself; undefined when none runs, or one that is just starting. */
	readonly agent: AgentReport | undefined;
	readonly pinPath: string;
	readonly forwarding: string;
	readonly hz: number;
	readonly nodeAddresses: readonly string[];
	readonly masqueradePorts: string;
	readonly halfOpenFlows: number;
	readonly overflowInUse: boolean;
	readonly links: readonly LinkStatus[];
	readonly maps: readonly MapStatus[];
	readonly drops: Readonly<Record<string, number>>;
}

export interface MapStatus {
	readonly name: string;
	readonly version: number;
	readonly type: string;
	readonly keySize: number;
	readonly valueSize: number;
	/** undefined: not counted (most arrays, socket storage, ring buffers). */
	readonly used: number | undefined;
	readonly size: number;
	readonly id: number;
	readonly pin: string;
}

export async function readStatus(pinned: Pinned): Promise<Status> {
	const settings = Settings.decode(new DataView(pinned.map("settings").memory()), 0);
	const control = Control.decode(new DataView(pinned.map("control").memory()), 0);
	const node = [settings.node4, settings.node6].filter((bytes) => bytes.some((byte) => byte !== 0));
	const agent = await askAgent(pinned.pins.root);
	return {
		agentRuns: agent !== undefined,
		agent: agent === "starting" ? undefined : agent,
		pinPath: pinned.pins.root,
		forwarding: enumName(Forwarding, settings.forwarding, "FORWARDING_"),
		hz: settings.hz,
		nodeAddresses: node.map(bytesToAddress),
		masqueradePorts: `${settings.masquerade_port_first}-${settings.masquerade_port_last}`,
		halfOpenFlows: Math.max(0, Number(BigInt.asIntN(64, control.half_open))),
		overflowInUse: control.overflow_in_use !== 0,
		links: readLinks(pinned),
		maps: readMaps(pinned),
		drops: Object.fromEntries(readDrops(pinned.map)),
	};
}

export function readLinks(pinned: Pinned): LinkStatus[] {
	const devices = new Map(pinned.addon.links().map(({ ifindex, name }) => [ifindex, name]));
	return listPins(pinned.pins.links).flatMap((name) => {
		const link = openLink(pinned.addon, `${pinned.pins.links}/${name}`);
		if (link === undefined) return [];
		const { type, ifindex, programId, cgroupId } = link.info;
		link.close();
		const attached = type === "cgroup" ? cgroupId !== 0n : ifindex !== 0;
		return [{ name, type, device: devices.get(ifindex) ?? "", programId, attached }];
	});
}

const MAP_TYPES = new Map([
	[1, "hash"],
	[2, "array"],
	[6, "percpu_array"],
	[9, "lru_hash"],
	[24, "sk_storage"],
	[27, "ringbuf"],
]);
const COUNTED = new Set([1, 9]);

/** Entries of hash maps, and of backends those that are not gone. */
function countUsed(name: MapName, map: MapPort): number | undefined {
	if (COUNTED.has(map.info.type)) return countEntries(map);
	return name === "backends" ? countBackends(map) : undefined;
}

function countBackends(map: MapPort): number {
	const memory = new DataView(map.memory());
	let count = 0;
	for (let at = 0; at < memory.byteLength; at += Backend.SIZE) {
		const { state } = unpackBackendWord(memory.getUint32(at, true));
		if (state !== BackendState.BACKEND_GONE) count++;
	}
	return count;
}

export function readMaps(pinned: Pinned): MapStatus[] {
	return (Object.keys(MAPS) as MapName[]).map((name) => {
		const map = pinned.map(name);
		const { type, keySize, valueSize, maxEntries, id } = map.info;
		return {
			name,
			version: MAPS[name].version,
			type: MAP_TYPES.get(type) ?? String(type),
			keySize,
			valueSize,
			used: countUsed(name, map),
			size: maxEntries,
			id,
			pin: pinned.pins.map(name),
		};
	});
}

export function countEntries(map: MapPort): number {
	let count = 0;
	let cursor: Uint8Array | undefined;
	do {
		const page = map.lookupBatch(cursor, 4096);
		count += page.count;
		cursor = page.cursor;
	} while (cursor !== undefined);
	return count;
}

/** Packets by reason, in lower case without DROP_, reasons that never happened included. */
export function readDrops(maps: Maps): Map<string, number> {
	const counts = new Map<string, number>();
	for (const [name, reason] of Object.entries(DropReason)) {
		if (reason === DropReason.DROP_NONE || reason === DropReason.DROP_REASONS) continue;
		const key = new Uint8Array(4);
		new DataView(key.buffer).setUint32(0, reason, true);
		const values = maps("drops").lookup(key) ?? new Uint8Array();
		let sum = 0n;
		for (let at = 0; at + DropCount.SIZE <= values.length; at += DropCount.SIZE) {
			sum += DropCount.decode(viewOf(values), at).packets;
		}
		counts.set(name.slice("DROP_".length).toLowerCase(), Number(sum));
	}
	return counts;
}

function enumName(names: Readonly<Record<string, number>>, value: number, prefix: string): string {
	const name = Object.keys(names).find((key) => names[key] === value);
	return name === undefined ? String(value) : name.slice(prefix.length).toLowerCase();
}
