/**
 * What has become of the node's devices and routes, collected until flows are looked at: packets of
 * flows that chose such a device, or go to such an address, have to find their way again.
 */
import type { NetlinkEvent } from "../dataplane/addon.ts";
import { cidrToBytes } from "../model/cidr.ts";

/** Of one collection. */
export interface Ways {
	/** Whether a flow by this device, to the address of 16 bytes at `at`, may have another way now. */
	mayDiffer(ifindex: number, bytes: DataView, at: number): boolean;
}

interface Prefix {
	readonly addr: Uint8Array;
	readonly length: number;
}

/** A node whose routes change more than that between two looks has all its flows look again. */
const PREFIXES_MAX = 64;

export class WayChanges {
	/** Whatever changed while nobody listened. */
	#all = true;
	#devices = new Set<number>();
	#prefixes = new Map<string, Prefix>();

	/** A device counts as changed with every word about it: going down takes routes with it in silence. */
	hear(events: readonly NetlinkEvent[]): void {
		for (const event of events) {
			if (event.kind === "overrun") this.#all = true;
			else if (event.kind === "link") this.#devices.add(event.link.ifindex);
			else if (event.kind === "route") {
				const cidr = `${event.route.destination}/${event.route.prefixLength}`;
				if (!this.#prefixes.has(cidr)) this.#prefixes.set(cidr, cidrToBytes(cidr));
			}
		}
		if (this.#prefixes.size > PREFIXES_MAX) this.#all = true;
	}

	/** Something has changed since take(). */
	get pending(): boolean {
		return this.#all || this.#devices.size > 0 || this.#prefixes.size > 0;
	}

	/** What has changed, which is forgotten with that; undefined: nothing. */
	take(): Ways | undefined {
		if (!this.pending) return undefined;
		const [all, devices, prefixes] = [this.#all, this.#devices, [...this.#prefixes.values()]];
		this.#all = false;
		this.#devices = new Set();
		this.#prefixes = new Map();
		return {
			mayDiffer: (ifindex, bytes, at) =>
				all || devices.has(ifindex) || prefixes.some((prefix) => holds(prefix, bytes, at)),
		};
	}
}

function holds({ addr, length }: Prefix, bytes: DataView, at: number): boolean {
	for (let i = 0, bits = length; bits > 0; i++, bits -= 8) {
		const mask = bits >= 8 ? 0xff : 0xff & (0xff << (8 - bits));
		if (((bytes.getUint8(at + i) ^ (addr[i] ?? 0)) & mask) !== 0) return false;
	}
	return true;
}
