import { parseAddress } from "./address.ts";
import type { Address } from "./objects.ts";

/**
 * The 16 bytes of an address in network order, IPv4 as ::ffff:a.b.c.d: the form that map keys and
 * values hold (struct ip_addr). The text must be canonical, as parseAddress() gives it; a text that
 * is no address is a RangeError.
 */
export function addressToBytes(address: Address): Uint8Array {
	const bytes = new Uint8Array(16);
	const valid = address.includes(":") ? fillIPv6(address, bytes) : fillIPv4(address, bytes);
	if (!valid) throw new RangeError(`"${address}" is not an IP address.`);
	return bytes;
}

/** The canonical text of 16 address bytes; the reverse of addressToBytes(). */
export function bytesToAddress(bytes: Uint8Array): Address {
	if (isMapped(bytes)) return bytes.subarray(12, 16).join(".");
	const groups: string[] = [];
	for (let i = 0; i < 16; i += 2) {
		groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
	}
	return parseAddress(groups.join(":")) ?? "";
}

/** Whether 16 address bytes stand for an IPv4 address. */
export function isMapped(bytes: Uint8Array): boolean {
	for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
	return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** IPv4 before IPv6, then by number: the order of listings. */
export function compareAddresses(a: Address, b: Address): number {
	const left = addressToBytes(a);
	const right = addressToBytes(b);
	const byFamily = Number(isMapped(right)) - Number(isMapped(left));
	for (let i = 0; byFamily === 0 && i < 16; i++) {
		const difference = (left[i] ?? 0) - (right[i] ?? 0);
		if (difference !== 0) return difference;
	}
	return byFamily;
}

function fillIPv4(text: string, bytes: Uint8Array): boolean {
	const parts = text.split(".");
	bytes[10] = 0xff;
	bytes[11] = 0xff;
	for (let i = 0; i < parts.length; i++) {
		const value = decimal(parts[i] ?? "");
		if (value > 255) return false;
		bytes[12 + i] = value;
	}
	return parts.length === 4;
}

/** Infinity when the text is no decimal number. */
function decimal(text: string): number {
	let value = 0;
	for (let i = 0; i < text.length; i++) {
		const digit = text.charCodeAt(i) - 48;
		if (digit < 0 || digit > 9) return Number.POSITIVE_INFINITY;
		value = value * 10 + digit;
	}
	return text === "" ? Number.POSITIVE_INFINITY : value;
}

/** Canonical text has at most one "::" and no embedded IPv4. */
function fillIPv6(text: string, bytes: Uint8Array): boolean {
	const [head = "", tail, more] = text.split("::");
	if (more !== undefined) return false;
	const left = head === "" ? [] : head.split(":");
	const right = tail === undefined || tail === "" ? [] : tail.split(":");
	const count = left.length + right.length;
	if (tail === undefined ? count !== 8 : count > 7) return false;
	return fillGroups(left, bytes, 0) && fillGroups(right, bytes, 16 - 2 * right.length);
}

function fillGroups(groups: readonly string[], bytes: Uint8Array, from: number): boolean {
	let at = from;
	for (const group of groups) {
		if (!/^[0-9a-f]{1,4}$/i.test(group)) return false;
		const value = Number.parseInt(group, 16);
		bytes[at++] = value >> 8;
		bytes[at++] = value & 0xff;
	}
	return true;
}
