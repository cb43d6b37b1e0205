import { addressToBytes, isMapped } from "../../src/model/address-bytes.ts";

export interface TcpPacket {
	readonly src: string;
	readonly dst: string;
	readonly sport: number;
	readonly dport: number;
	/** TCP_* bits: 2 is SYN, 16 is ACK. */
	readonly flags: number;
}

export const SYN = 2;
export const ACK = 16;

const ETHERNET = 14;
const TCP = 6;

/**
 * An Ethernet frame with a TCP segment without payload. The TCP checksum is left empty: programs
 * only update it, and what they do does not depend on its value.
 */
export function tcpPacket({ src, dst, sport, dport, flags }: TcpPacket): Uint8Array {
	const [from, to] = [addressToBytes(src), addressToBytes(dst)];
	const is4 = isMapped(from);
	const l4 = ETHERNET + (is4 ? 20 : 40);
	const frame = new Uint8Array(l4 + 20);
	const view = new DataView(frame.buffer);
	view.setUint16(12, is4 ? 0x0800 : 0x86dd);
	if (is4) {
		frame.set([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, TCP], ETHERNET);
		frame.set(from.subarray(12), ETHERNET + 12);
		frame.set(to.subarray(12), ETHERNET + 16);
		view.setUint16(ETHERNET + 10, headerChecksum(view));
	} else {
		frame.set([0x60, 0, 0, 0, 0, 20, TCP, 64], ETHERNET);
		frame.set(from, ETHERNET + 8);
		frame.set(to, ETHERNET + 24);
	}
	view.setUint16(l4, sport);
	view.setUint16(l4 + 2, dport);
	frame[l4 + 12] = 0x50;
	frame[l4 + 13] = flags;
	return frame;
}

function headerChecksum(view: DataView): number {
	let sum = 0;
	for (let at = ETHERNET; at < ETHERNET + 20; at += 2) sum += view.getUint16(at);
	sum = (sum & 0xffff) + (sum >>> 16);
	return ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
}
