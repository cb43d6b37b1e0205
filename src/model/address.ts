import type { Address, Family } from "./objects.ts";

/**
 * The canonical text form of an IP address: dotted decimal, or RFC 5952. Leading zeros of IPv4
 * numbers are decimal, as Kubernetes has always read them; a v4-mapped IPv6 address is the IPv4
 * address it maps. undefined when the text is no address (names, CIDRs, zones, spaces included).
 */
export function parseAddress(text: string): Address | undefined {
	if (!text.includes(":")) {
		const numbers = parseIPv4(text);
		return numbers?.join(".");
	}
	const groups = parseIPv6(text);
	return groups && formatIPv6(groups);
}

/** The family of an address in canonical text form. */
export function familyOf(address: Address): Family {
	return address.includes(":") ? "IPv6" : "IPv4";
}

function parseIPv4(text: string): number[] | undefined {
	const parts = text.split(".");
	if (parts.length !== 4) {
		return undefined;
	}
	const numbers = parts.map(decimalByte);
	return numbers.includes(-1) ? undefined : numbers;
}

function decimalByte(text: string): number {
	let value = 0;
	for (let i = 0; i < text.length; i++) {
		const digit = text.charCodeAt(i) - 48;
		if (digit < 0 || digit > 9) {
			return -1;
		}
		value = value * 10 + digit;
		if (value > 255) {
			return -1;
		}
	}
	return text.length > 0 ? value : -1;
}

function parseIPv6(text: string): number[] | undefined {
	const gap = text.indexOf("::");
	if (gap < 0) {
		const groups = parseGroups(text);
		return groups?.length === 8 ? groups : undefined;
	}
	const left = text.slice(0, gap);
	const head = left === "" ? [] : left.includes(".") ? undefined : parseGroups(left);
	const right = text.slice(gap + 2);
	const tail = right === "" ? [] : parseGroups(right);
	if (!head || !tail || head.length + tail.length > 7) {
		return undefined;
	}
	return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** Groups between colons; the last one may be an IPv4 address, which counts as two. */
function parseGroups(text: string): number[] | undefined {
	const parts = text.split(":");
	const groups: number[] = [];
	for (const [i, part] of parts.entries()) {
		if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
			groups.push(Number.parseInt(part, 16));
			continue;
		}
		const [a, b, c, d] = i === parts.length - 1 ? (parseIPv4(part) ?? []) : [];
		if (a === undefined || b === undefined || c === undefined || d === undefined) {
			return undefined;
		}
		groups.push(a * 256 + b, c * 256 + d);
	}
	return groups;
}

function formatIPv6(groups: readonly number[]): Address {
	if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
		const [high = 0, low = 0] = groups.slice(6);
		return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
	}
	const { start, length } = longestZeros(groups);
	const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
	return length < 2
		? text(groups)
		: `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

/** The first longest run of zero groups, which RFC 5952 section 4.2 shortens to "::". */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
	let best = { start: 0, length: 0 };
	let run = 0;
	for (const [i, group] of groups.entries()) {
		run = group === 0 ? run + 1 : 0;
		if (run > best.length) {
			best = { start: i - run + 1, length: run };
		}
	}
	return best;
}
