/** ICMP errors that the datapath itself sends: valid, to the sender, quoting the packet. */
import { ACTION } from "../../bpf/lib/world.ts";
import { addressText } from "../../lib/packet-bytes.ts";
import { decode } from "../../lib/packet-decode.ts";
import type { Output } from "./check-output.ts";
import type { Answer } from "./decide.ts";
import { hexOf, type Parsed, SCTP, TCP } from "./parse-frame.ts";
import type { Arrival } from "./situation.ts";

const KINDS = {
	unreachable: [3, 3, 1, 4],
	expired: [11, 0, 3, 0],
	"too big": [3, 4, 2, 0],
} as const;

/** Most of L4 that is quoted. */
const QUOTE_L4 = 40;

const text = (address: string): string => addressText(Buffer.from(address, "hex"));

/** What is wrong with the answer; undefined: nothing. */
export function checkAnswer(
	{ frame }: Arrival,
	parsed: Parsed,
	answer: Answer,
	{ action, packet }: Output,
): string | undefined {
	if (action !== ACTION.redirect) return `the action is ${action}: not answered`;
	if (hexOf(packet, 0, 12) !== hexOf(frame, 6, 12) + hexOf(frame, 0, 6)) return "wrong MACs";
	return checkQuote(frame, parsed, packet) ?? checkMessage(parsed, answer, packet);
}

/** The packet as it came, up to QUOTE_L4, but for its L4 checksum; that of SCTP stays. */
function checkQuote(
	frame: Uint8Array,
	{ l3, l4, isV6, proto }: Parsed,
	packet: Uint8Array,
): string | undefined {
	const from = l3 + (isV6 ? 48 : 28);
	const size = l4 - l3 + Math.min(QUOTE_L4, frame.length - l4);
	if (packet.length !== from + size) return `${packet.length - from} bytes quoted`;
	const wanted = frame.slice(l3, l3 + size);
	const check = l4 - l3 + (proto === TCP ? 16 : 6);
	if (proto !== SCTP && check + 2 <= size)
		wanted.set(packet.subarray(from + check, from + check + 2), check);
	const isSame = Buffer.compare(wanted, packet.subarray(from)) === 0;
	return isSame ? undefined : "the quote differs";
}

function checkMessage(parsed: Parsed, answer: Answer, packet: Uint8Array): string | undefined {
	const found = decode(packet);
	const { type, code, info } = found.icmp ?? { type: -1, code: -1, info: -1 };
	const at = parsed.isV6 ? 2 : 0;
	const faults: readonly (readonly [boolean, string])[] = [
		[found.bad.includes("ip") || found.bad.includes("icmp"), `wrong ${found.bad} checksum`],
		[type !== KINDS[answer.says][at], `ICMP type ${type} is not ${answer.says}`],
		[code !== KINDS[answer.says][at + 1], `ICMP code ${code} is not ${answer.says}`],
		[info !== answer.mtu, `the MTU is ${info}`],
		[found.src !== text(answer.from), `it comes from ${found.src}`],
		[found.dst !== text(parsed.src), `it goes to ${found.dst}`],
	];
	return faults.find(([isWrong]) => isWrong)?.[1];
}
