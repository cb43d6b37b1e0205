/**
 * Deletion of flows by the BPF program `reap`, run on keys in packet data. Only a program can check
 * "last seen" and delete both directions without racing with a packet that refreshes the entry.
 */
import { FlowKey, ReapLimit, ReapMode, ReapRequest } from "../layout/structs.ts";
import type { BpfProgram } from "./addon.ts";

export interface ReapResult {
	/** Entries deleted, both directions counted. */
	readonly deleted: number;
	/** Keys whose flow is still alive, or was gone already. */
	readonly kept: number;
}

/**
 * "expired": deletes only what is past its timeout; "forced": all; "move": see bpf/previous.h; "lost":
 * nothing, but the next packet of each entry finds its way again (enum flow_mtu).
 */
export type ReapAim = "expired" | "forced" | "move" | "lost";

const MODES = {
	expired: ReapMode.REAP_EXPIRED,
	forced: ReapMode.REAP_FORCED,
	move: ReapMode.REAP_MOVE,
	lost: ReapMode.REAP_LOST,
} as const;

/** Runs the reaper over `count` keys laid out back to back. */
export function reap(
	program: BpfProgram,
	keys: Uint8Array,
	count: number,
	aim: ReapAim,
): ReapResult {
	let deleted = 0;
	let kept = 0;
	for (let first = 0; first < count; first += ReapLimit.REAP_KEYS_MAX) {
		const size = Math.min(ReapLimit.REAP_KEYS_MAX, count - first);
		const answer = reapSome(
			program,
			keys.subarray(first * FlowKey.SIZE, (first + size) * FlowKey.SIZE),
			aim,
		);
		deleted += answer.deleted;
		kept += answer.kept;
	}
	return { deleted, kept };
}

function reapSome(program: BpfProgram, keys: Uint8Array, aim: ReapAim): ReapResult {
	const data = new Uint8Array(ReapRequest.SIZE + keys.length);
	const request = {
		count: keys.length / FlowKey.SIZE,
		mode: MODES[aim],
		deleted: 0,
		kept: 0,
	};
	ReapRequest.encode(request, new DataView(data.buffer), 0);
	data.set(keys, ReapRequest.SIZE);
	const result = program.testRun({ data, dataOutSize: data.length });
	const view = new DataView(result.data.buffer, result.data.byteOffset, result.data.length);
	return ReapRequest.decode(view, 0);
}
