/** The settings map: what the programs may be told while they run. */
import type { AgentConfig } from "../config.ts";
import type { MapPort } from "../dataplane/port.ts";
import { Forwarding, Settings } from "../layout/structs.ts";
import { bytesToAddress } from "../model/address-bytes.ts";
import { addressBytes } from "./device-map.ts";

const FORWARDING = {
	auto: Forwarding.FORWARDING_AUTO,
	stack: Forwarding.FORWARDING_STACK,
	redirect: Forwarding.FORWARDING_REDIRECT,
} as const;

export interface NodeFacts {
	/** The node's own addresses in canonical text; "": none of that family. */
	readonly node4: string;
	readonly node6: string;
	/** jiffies in a second */
	readonly hz: number;
	/** Bits in the filter; a power of two. */
	readonly filterBits: number;
	/** enum previous_flows */
	readonly previous: number;
}

export function settingsRecord(config: AgentConfig, facts: NodeFacts): Settings {
	const { timeouts, masqueradePorts, sizes } = config;
	const jiffies = (ms: number): bigint => BigInt(Math.max(1, Math.ceil((ms * facts.hz) / 1000)));
	return {
		// In the order of enum timeout.
		timeout: [
			timeouts.tcpSyn,
			timeouts.tcpEstablished,
			timeouts.tcpClosing,
			timeouts.tcpClosed,
			timeouts.udp,
			timeouts.udpStream,
			timeouts.icmp,
			timeouts.sctp,
		].map(jiffies),
		node4: addressBytes(facts.node4),
		node6: addressBytes(facts.node6),
		hz: facts.hz,
		half_open_max: sizes.halfOpen,
		masquerade_port_first: masqueradePorts.first,
		masquerade_port_last: masqueradePorts.last,
		forwarding: FORWARDING[config.forwarding],
		events: 0,
		previous: facts.previous,
		filter_mask: facts.filterBits - 1,
	};
}

/** True when the map held something else. */
export function writeSettings(map: MapPort, settings: Settings): boolean {
	const value = new Uint8Array(Settings.SIZE);
	Settings.encode(settings, new DataView(value.buffer), 0);
	const key = new Uint8Array(4);
	if (Buffer.compare(value, map.lookup(key) ?? new Uint8Array()) === 0) return false;
	map.update(key, value);
	return true;
}

/** HZ as an earlier agent measured it; 0: not yet. */
export function storedHz(map: MapPort): number {
	return Settings.decode(new DataView(map.memory()), 0).hz;
}

/** The node's own addresses as an earlier agent knew them, in canonical text. */
export function storedAddresses(map: MapPort): string[] {
	const { node4, node6 } = Settings.decode(new DataView(map.memory()), 0);
	const known = [node4, node6].filter((bytes) => bytes.some((byte) => byte !== 0));
	return known.map(bytesToAddress);
}
