import { cidrToBytes } from "../model/cidr.ts";
import type { Cidr } from "../model/objects.ts";

/** A prefix of so many bits of 4 or 8 bytes, in network byte order. */
interface Range {
	readonly bytes: Uint8Array;
	readonly length: number;
}

/** How many prefixes of a family the programs compare each packet with. */
const V4_RANGES = 2;
const V6_RANGES = 1;
const V4_AT = 12;
const V4_BITS = 96;
const HALF_BITS = 64;

/** control.service_v4 and service_v6 when there is no ServiceCIDR. */
export const NO_SERVICE_RANGE: readonly bigint[] = [0n, 0n, 0n, 0n];

/**
 * control.service_v4 (two words) and control.service_v6 (two): few prefixes that hold all of these and
 * may hold more. A packet that one of them holds is looked up in service_cidrs.
 */
export function serviceRangeWords(cidrs: Iterable<Cidr>): readonly bigint[] {
	const v4: Range[] = [];
	const v6: Range[] = [];
	for (const cidr of cidrs) {
		const { addr, length } = cidrToBytes(cidr);
		const isV4 = !cidr.includes(":");
		if (isV4) v4.push({ bytes: addr.slice(V4_AT), length: length - V4_BITS });
		else v6.push({ bytes: addr.slice(0, 8), length: Math.min(length, HALF_BITS) });
	}
	const [one, other] = fewer(v4, V4_RANGES).map((range) => {
		const { address, host } = inverted(range);
		return little(new Uint8Array([...address, ...host]));
	});
	const [half] = fewer(v6, V6_RANGES).map((range) => {
		const { address, host } = inverted(range);
		return [little(address), little(host)];
	});
	return [one ?? 0n, other ?? 0n, ...(half ?? [0n, 0n])];
}

/** At most `count` ranges that hold all of them; those that are most alike become one. */
function fewer(ranges: readonly Range[], count: number): readonly Range[] {
	const left = [...ranges];
	while (left.length > count) {
		let best = { length: -1, i: 0, j: 1 };
		for (let i = 0; i < left.length; i++) {
			for (let j = i + 1; j < left.length; j++) {
				const length = commonLength(left[i], left[j]);
				if (length > best.length) best = { length, i, j };
			}
		}
		const bytes = left[best.i]?.bytes ?? new Uint8Array();
		left.splice(best.j, 1);
		left.splice(best.i, 1, { bytes, length: best.length });
	}
	return left;
}

function commonLength(one?: Range, other?: Range): number {
	if (!one || !other) return -1;
	const limit = Math.min(one.length, other.length);
	for (let bit = 0; bit < limit; bit++) if (bitOf(one, bit) !== bitOf(other, bit)) return bit;
	return limit;
}

function bitOf({ bytes }: Range, bit: number): number {
	return ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
}

/** What XOR with an address and OR give all ones for, exactly when the range holds it. */
function inverted(range: Range): { address: Uint8Array; host: Uint8Array } {
	const host = range.bytes.map((_, at) => {
		const bits = Math.min(Math.max(range.length - at * 8, 0), 8);
		return 0xff >> bits;
	});
	return { address: range.bytes.map((byte) => ~byte), host };
}

/** Bytes as the word that has them in this order in memory. */
function little(bytes: Uint8Array): bigint {
	return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}
