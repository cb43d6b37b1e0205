/** The packet that an ICMP error quotes. */
import { u16 } from "../../lib/packet-bytes.ts";
import {
	hexOf,
	type Parsed,
	SCTP,
	TCP,
	type Tuple,
	UDP,
	v4Text,
	walkExtensions,
} from "./parse-frame.ts";

/** Its tuple and where it is in the frame. */
export interface Quote extends Tuple {
	readonly l3: number;
	readonly l4: number;
}

/** Undefined: no TCP, UDP or SCTP packet whose ports are there. */
export function quoteIn(frame: Uint8Array, { l4: icmp, isV6 }: Parsed): Quote | undefined {
	const l3 = icmp + 8;
	const header = isV6 ? v6Header(frame, l3) : v4Header(frame, l3);
	if (header === undefined || header.l4 + 4 > frame.length) return undefined;
	if (![TCP, UDP, SCTP].includes(header.proto)) return undefined;
	const { l4 } = header;
	return { ...header, l3, sport: u16(frame, l4), dport: u16(frame, l4 + 2) };
}

type Header = Pick<Quote, "src" | "dst" | "proto" | "l4">;

function v4Header(frame: Uint8Array, at: number): Header | undefined {
	const size = ((frame[at] ?? 0) & 15) * 4;
	if (at + 20 > frame.length || (frame[at] ?? 0) >> 4 !== 4 || size < 20) return undefined;
	if ((u16(frame, at + 6) & 0x1fff) !== 0) return undefined;
	const addresses = { src: v4Text(frame, at + 12), dst: v4Text(frame, at + 16) };
	return { ...addresses, proto: frame[at + 9] ?? 0, l4: at + size };
}

function v6Header(frame: Uint8Array, at: number): Header | undefined {
	if (at + 40 > frame.length || (frame[at] ?? 0) >> 4 !== 6) return undefined;
	const addresses = { src: hexOf(frame, at + 8, at + 24), dst: hexOf(frame, at + 24, at + 40) };
	const chain = walkExtensions(frame, at + 40, frame[at + 6] ?? 0);
	if (typeof chain === "string" || chain.fragment === "later") return undefined;
	return { ...addresses, proto: chain.proto, l4: chain.l4 };
}
