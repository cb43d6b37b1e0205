/** A failed packet as a person reads it. */
import { decode } from "../../lib/packet-decode.ts";
import { describe } from "../../lib/packet-diff.ts";
import type { Output } from "./check-output.ts";
import { twinOf } from "./flows.ts";
import type { Arrival, Situation } from "./situation.ts";

/** What failed, with the packet before and after, decoded and as hex, and the flows before it. */
export function showFailure(
	situation: Situation,
	arrival: Arrival,
	{ error, output, complete }: { error: unknown; output: Output | undefined; complete: boolean },
): string {
	const { device, hook, fromNode, gsoSize } = arrival;
	const flows = [...situation.flows].map(
		([key, entry]) =>
			`\n  ${key} -> ${twinOf(entry)}, ${JSON.stringify({ ...entry, key: 0, to: 0 })}`,
	);
	return [
		error instanceof Error ? error.message : String(error),
		`at ${hook} of ${device}, ${fromNode ? "from here" : "through"}, GSO ${gsoSize}, mode ${situation.mode}`,
		complete ? "with a hardware checksum" : "without hardware checksum",
		`before: ${showPacket(arrival.frame)}`,
		output ? `after, action ${output.action}: ${showPacket(output.packet)}` : "no result",
		`flows before:${flows.join("") || " none"}`,
	].join("\n");
}

/** Hex digits of a packet that are shown. */
const SHOWN = 400;

function showPacket(frame: Uint8Array): string {
	const hex = Buffer.from(frame).toString("hex").slice(0, SHOWN);
	try {
		return `${describe({ ...decode(frame), payload: "" })}\n${hex}`;
	} catch {
		return hex;
	}
}
