import { familyOf, parseAddress } from "./address.ts";
import { addressToBytes, bytesToAddress } from "./address-bytes.ts";
import type { Address, Cidr, Family } from "./objects.ts";

/**
 * The canonical text form of a prefix: a canonical address with its host bits cleared, "/", the
 * length. White space around it is allowed, as the API has always allowed it in source ranges;
 * undefined when the text is no prefix. A prefix of v4-mapped IPv6 addresses is the IPv4 prefix.
 */
export function parseCIDR(text: string): Cidr | undefined {
	const match = /^\s*([^/\s]+)\/(\d{1,3})\s*$/.exec(text);
	const address = match?.[1] === undefined ? undefined : parseAddress(match[1]);
	if (address === undefined) return undefined;
	const isMapped = familyOf(address) === "IPv4" && match?.[1]?.includes(":") === true;
	const length = Number(match?.[2]) - (isMapped ? 96 : 0);
	if (length < 0 || length > longest(address)) return undefined;
	return `${bytesToAddress(masked(addressToBytes(address), length + offset(address)))}/${length}`;
}

/** The family of a prefix in canonical text form. */
export function familyOfCIDR(cidr: Cidr): Family {
	return familyOf(cidr);
}

/** The prefix length, in bits of the prefix's family. */
export function lengthOfCIDR(cidr: Cidr): number {
	return Number(cidr.slice(cidr.indexOf("/") + 1));
}

/** A prefix as maps hold it: 16 address bytes (see addressToBytes()), and the length in their bits. */
export function cidrToBytes(cidr: Cidr): { readonly addr: Uint8Array; readonly length: number } {
	const address = cidr.slice(0, cidr.indexOf("/"));
	return { addr: addressToBytes(address), length: lengthOfCIDR(cidr) + offset(address) };
}

/** The reverse of cidrToBytes(). */
export function bytesToCIDR(addr: Uint8Array, length: number): Cidr {
	const address = bytesToAddress(addr);
	return `${address}/${length - offset(address)}`;
}

/** The prefix that holds exactly one address. */
export function hostCIDR(address: Address): Cidr {
	return `${address}/${longest(address)}`;
}

/** Whether a prefix holds an address; never of another family. */
export function containsAddress(cidr: Cidr, address: Address): boolean {
	if (familyOfCIDR(cidr) !== familyOf(address)) return false;
	const { addr, length } = cidrToBytes(cidr);
	const bytes = masked(addressToBytes(address), length);
	return bytes.every((byte, i) => byte === addr[i]);
}

function longest(address: Address): number {
	return familyOf(address) === "IPv4" ? 32 : 128;
}

/** Bits in front of an address in its 16 bytes. */
function offset(address: Address): number {
	return 128 - longest(address);
}

/** Clears every bit after the first `length`, in place. */
function masked(bytes: Uint8Array, length: number): Uint8Array {
	for (let i = 0; i < 16; i++) {
		const bits = Math.min(8, Math.max(0, length - 8 * i));
		bytes[i] = (bytes[i] ?? 0) & (0xff00 >> bits) & 0xff;
	}
	return bytes;
}
