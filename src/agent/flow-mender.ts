/**
 * Has flows follow what happened around them, in passes over the flow tables: routes and devices
 * that changed, and UDP frontends that are another Service's now (of TCP, connections stay).
 */
import type { NetlinkEvent } from "../dataplane/addon.ts";
import type { ReapAim } from "../dataplane/reaper.ts";
import { Flow, FlowDirection, FlowKey, FlowWay } from "../layout/structs.ts";
import type { Moved, Movers } from "../plan/movers.ts";
import type { FlowObserver } from "./expiry.ts";
import { WayChanges, type Ways } from "./way-changes.ts";

export interface FlowMenderPorts {
	/** Frontends that changed hands. */
	readonly movers: Movers;
	readonly reap: (keys: Uint8Array, count: number, aim: ReapAim) => void;
}

const { OFFSET } = Flow;
const UDP = 17;
/** Ways that flows have of their own. */
const OWN_WAYS: ReadonlySet<number> = new Set([
	FlowWay.WAY_NEIGH,
	FlowWay.WAY_PEER,
	FlowWay.WAY_INGRESS,
]);

export class FlowMender {
	readonly #ports: FlowMenderPorts;
	readonly #ways = new WayChanges();

	constructor(ports: FlowMenderPorts) {
		this.#ports = ports;
	}

	/** Takes note of what happened to the node's network. */
	hear(events: readonly NetlinkEvent[]): void {
		this.#ways.hear(events);
	}

	/** There is something that flows do not follow yet. */
	get pending(): boolean {
		return this.#ways.pending || this.#ports.movers.pending;
	}

	/** For a pass that begins now; undefined: it has nothing to mend. */
	begin(): Pick<FlowObserver, "see"> | undefined {
		const { movers, reap } = this.#ports;
		const [changed, moved] = [this.#ways.take(), movers.take()];
		if (changed === undefined && moved === undefined) return undefined;
		return {
			see: (keys, values, count) => {
				const view = new DataView(values.buffer, values.byteOffset, values.length);
				const entries = Array.from({ length: count }, (_, entry) => entry);
				const some = (aim: ReapAim, chosen: readonly number[]): void => {
					if (chosen.length > 0) reap(keysOf(keys, chosen), chosen.length, aim);
				};
				if (changed)
					some(
						"lost",
						entries.filter((entry) => isElsewhere(changed, view, entry)),
					);
				if (moved)
					some(
						"forced",
						entries.filter((entry) => isStale(moved, keys, view, entry)),
					);
			},
		};
	}
}

/** Replies to the node itself enter where its route to the frontend, their source, points. */
function isElsewhere(ways: Ways, view: DataView, entry: number): boolean {
	const at = entry * Flow.SIZE;
	const way = view.getUint8(at + OFFSET.way);
	if (!OWN_WAYS.has(way)) return false;
	const ifindex = view.getUint32(at + OFFSET.ifindex, true);
	return ways.mayDiffer(
		ifindex,
		view,
		at + (way === FlowWay.WAY_INGRESS ? OFFSET.src : OFFSET.dst),
	);
}

/** Whether the entry is that of requests to a UDP frontend that is another service port's now. */
function isStale(moved: Moved, keys: Uint8Array, view: DataView, entry: number): boolean {
	const at = entry * FlowKey.SIZE;
	const { direction, proto } = FlowKey.OFFSET;
	const isForward = keys[at + direction] === FlowDirection.FLOW_FORWARD;
	if (keys[at + proto] !== UDP || !isForward) return false;
	const service = view.getUint32(entry * Flow.SIZE + OFFSET.service, true);
	return moved.isAnothers(keys, at, service);
}

function keysOf(keys: Uint8Array, entries: readonly number[]): Uint8Array {
	const some = new Uint8Array(entries.length * FlowKey.SIZE);
	for (const [i, entry] of entries.entries()) {
		const from = entry * FlowKey.SIZE;
		some.set(keys.subarray(from, from + FlowKey.SIZE), i * FlowKey.SIZE);
	}
	return some;
}
