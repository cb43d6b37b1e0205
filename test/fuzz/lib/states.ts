/** How a flow's state goes on with a packet that it translates. */
import { FlowFlag, FlowState } from "../../../src/layout/structs.ts";
import type { Entry } from "./flows.ts";
import { FLAG, type Parsed, UDP } from "./parse-frame.ts";

const {
	FLOW_FIN_FORWARD,
	FLOW_FIN_REPLY,
	FLOW_HALF_OPEN,
	FLOW_OVERFLOW,
	FLOW_REPLIED,
	FLOW_MASQUERADED,
	FLOW_PORT_CHANGED,
	FLOW_DIRECT,
} = FlowFlag;
const { FLOW_SYN_SENT, FLOW_ESTABLISHED, FLOW_CLOSING, FLOW_CLOSED } = FlowState;

export type FlowProgress = Pick<Entry, "state" | "flags">;

/** What a flow is when its first packet made it, before that packet is looked at. */
export function begun(entry: Entry): FlowProgress {
	const kept = entry.flags & (FLOW_MASQUERADED | FLOW_PORT_CHANGED | FLOW_DIRECT | FLOW_OVERFLOW);
	const isCounted = entry.key.proto !== UDP && !entry.inOverflow;
	return { state: FLOW_SYN_SENT, flags: kept | (isCounted ? FLOW_HALF_OPEN : 0) };
}

/** The flow after the packet; its place apart (FLOW_OVERFLOW stays as it is). */
export function advance(before: FlowProgress, packet: Parsed, isReply: boolean): FlowProgress {
	const after =
		(packet.tcpFlags & (FLAG.fin | FLAG.rst)) !== 0
			? ended(before, packet, isReply)
			: before.state === FLOW_SYN_SENT
				? opened(before, packet, isReply)
				: before;
	const isHalfOpen = after === before || after.state === FLOW_SYN_SENT;
	return isHalfOpen ? after : { ...after, flags: after.flags & ~FLOW_HALF_OPEN };
}

function ended({ state, flags }: FlowProgress, packet: Parsed, isReply: boolean): FlowProgress {
	if (packet.tcpFlags & FLAG.rst) return { state: FLOW_CLOSED, flags };
	const seen = flags | (isReply ? FLOW_FIN_REPLY : FLOW_FIN_FORWARD);
	const isBoth = (seen & FLOW_FIN_REPLY) !== 0 && (seen & FLOW_FIN_FORWARD) !== 0;
	return { state: isBoth ? FLOW_CLOSED : Math.max(state, FLOW_CLOSING), flags: seen };
}

/** UDP: both directions seen. TCP and SCTP: the client answered the backend's answer. */
function opened({ flags }: FlowProgress, packet: Parsed, isReply: boolean): FlowProgress {
	if (packet.proto === UDP) return { state: isReply ? FLOW_ESTABLISHED : FLOW_SYN_SENT, flags };
	if (isReply) return { state: FLOW_SYN_SENT, flags: flags | FLOW_REPLIED };
	const isAnswer = (flags & FLOW_REPLIED) !== 0 && (packet.tcpFlags & FLAG.syn) === 0;
	return { state: isAnswer ? FLOW_ESTABLISHED : FLOW_SYN_SENT, flags };
}
