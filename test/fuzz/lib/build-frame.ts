/** Recipes into frames. */
import { addressBytes, checksum, pseudoHeader, setU16, u16 } from "../../lib/packet-bytes.ts";
import type { Extension, Handling, Recipe } from "./case.ts";
import { FLAG, type Parsed, SCTP, TCP, UDP } from "./parse-frame.ts";
import { crc32c } from "./sums.ts";

const MACS = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1] as const;
const VLAN_TAG = [0x81, 0x00, 0x00, 0x07] as const;
const FRAGMENT_HEADER = 44;
const ICMP_ECHO = 8;

/** The frame of a recipe, before it is handled. */
export function buildFrame(recipe: Recipe): Uint8Array {
	const l4 = l4Bytes(recipe);
	const ip = recipe.at === 1 ? v6(recipe, l4) : v4(recipe, l4);
	const tag = recipe.vlan ? VLAN_TAG : [];
	const type = recipe.at === 1 ? [0x86, 0xdd] : [0x08, 0x00];
	return join([...MACS, ...tag, ...type], ip);
}

/** An IP packet of any kind behind an Ethernet header of that type. */
export function withEthernet(type: number, ip: Uint8Array): Uint8Array {
	return join([...MACS, type >> 8, type & 255], ip);
}

/** A test run takes what fits into a page with all that the kernel adds. */
const LONGEST = 3500;

/** Cuts and changes the frame; an Ethernet header always stays. */
export function handleFrame(frame: Uint8Array, { cut, mutations }: Handling): Uint8Array {
	const kept = frame.slice(0, Math.max(14, cut ?? LONGEST));
	for (const { at, value } of mutations) {
		if (at < kept.length) kept[at] = value;
	}
	return kept;
}

function join(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

function l4Bytes(recipe: Recipe): Uint8Array {
	const { proto, sport, dport, flags, payload } = recipe;
	const chunks = proto === SCTP ? chunkHeads(recipe) : [];
	const header = proto === TCP ? 20 : proto === SCTP ? 12 + chunks.length : 8;
	const bytes = new Uint8Array(header + payload);
	for (let i = header; i < bytes.length; i++) bytes[i] = i * 37 + sport;
	setU16(bytes, 0, sport);
	setU16(bytes, 2, dport);
	if (proto === TCP) {
		bytes.set([0x50, flags], 12);
		fill(recipe, bytes, 16);
	} else if (proto === UDP) {
		setU16(bytes, 4, bytes.length);
		fill(recipe, bytes, 6);
	} else if (proto === SCTP) {
		bytes.set(chunks, 12);
		fillSctp(recipe, bytes);
	} else if (proto === 1 || proto === 58) bytes[0] = ICMP_ECHO;
	return bytes;
}

/** The chunk that is like the flags, behind a SACK when PSH is among them. */
function chunkHeads({ flags, payload }: Recipe): number[] {
	const like: readonly (readonly [number, number])[] = [
		[FLAG.rst, 6],
		[FLAG.fin | FLAG.ack, 8],
		[FLAG.fin, 7],
		[FLAG.syn | FLAG.ack, 2],
		[FLAG.syn, 1],
	];
	const type = like.find(([bits]) => (flags & bits) === bits)?.[1] ?? (flags & 0x20 ? 14 : 0);
	const length = 4 + payload;
	const head = [type, 0, length >> 8, length & 255];
	return flags & 8 ? [3, 0, 0, 5, 0, 0, 0, 0, ...head] : head;
}

function fillSctp({ noChecksum, wrongBy }: Recipe, l4: Uint8Array): void {
	if (noChecksum) return;
	const sum = (crc32c(l4) ^ wrongBy) >>> 0;
	new DataView(l4.buffer).setUint32(8, sum, true);
}

function fill(recipe: Recipe, l4: Uint8Array, at: number): void {
	const { at: family, proto, wrongBy, noChecksum } = recipe;
	if (noChecksum) return;
	const src = addressBytes(recipe.src[family]);
	const dst = addressBytes(recipe.dst[family]);
	const right = checksum(pseudoHeader({ src, dst, proto, length: l4.length }), l4);
	setU16(l4, at, wrongBy === 0 && right === 0 ? 0xffff : (right + wrongBy) % 65535);
}

function v4(recipe: Recipe, l4: Uint8Array): Uint8Array {
	const header = new Uint8Array(20 + recipe.options * 4).fill(1);
	const body = cutFragment(recipe, l4);
	header.set([0x40 | (header.length / 4), 0, 0, 0, 0, recipe.fragment?.id ?? 9, 0, 0]);
	header.set([recipe.ttl, recipe.proto, 0, 0], 8);
	setU16(header, 2, header.length + body.length);
	if (recipe.fragment) {
		setU16(header, 6, (recipe.fragment.more ? 0x2000 : 0) | recipe.fragment.offset);
	} else if (!recipe.mayFragment) setU16(header, 6, 0x4000);
	header.set(addressBytes(recipe.src[0]), 12);
	header.set(addressBytes(recipe.dst[0]), 16);
	setU16(header, 10, checksum(header));
	return join(header, body);
}

function v6(recipe: Recipe, l4: Uint8Array): Uint8Array {
	let body = cutFragment(recipe, l4);
	let next = recipe.proto;
	if (recipe.fragment) {
		const { id, offset, more } = recipe.fragment;
		const header = new Uint8Array(8);
		header[0] = next;
		setU16(header, 2, (offset << 3) | (more ? 1 : 0));
		header[7] = id;
		body = join(header, body);
		next = FRAGMENT_HEADER;
	}
	for (const extension of [...recipe.extensions].reverse()) {
		body = join(extensionBytes(extension, next), body);
		next = extension.type;
	}
	const header = new Uint8Array(40);
	header[0] = 0x60;
	setU16(header, 4, body.length);
	header.set([next, recipe.ttl], 6);
	header.set(addressBytes(recipe.src[1]), 8);
	header.set(addressBytes(recipe.dst[1]), 24);
	return join(header, body);
}

function extensionBytes({ type, has, says }: Extension, next: number): Uint8Array {
	const bytes = new Uint8Array(8 * (has + 1));
	bytes.set(type === FRAGMENT_HEADER ? [next, 0] : [next, says, 1, 4]);
	return bytes;
}

/** What a fragment carries: the L4 header only when it is the first. */
function cutFragment({ fragment }: Recipe, l4: Uint8Array): Uint8Array {
	return fragment && fragment.offset > 0 ? l4.slice(Math.min(8, l4.length)) : l4;
}

/** An ICMP or ICMPv6 error from `src` to `dst` (4 or 16 bytes each). */
export function errorFrame(
	{ src, dst }: { readonly src: Uint8Array; readonly dst: Uint8Array },
	{ type, code, ttl }: { readonly type: number; readonly code: number; readonly ttl: number },
	quote: Uint8Array,
): Uint8Array {
	const isV6 = src.length === 16;
	const icmp = join([type, code, 0, 0, 0, 0, 5, 0], quote);
	const proto = isV6 ? 58 : 1;
	const sums = isV6 ? [pseudoHeader({ src, dst, proto, length: icmp.length }), icmp] : [icmp];
	setU16(icmp, 2, checksum(...sums));
	if (isV6) {
		const header = [0x60, 0, 0, 0, icmp.length >> 8, icmp.length & 255, proto, ttl];
		return withEthernet(0x86dd, join(header, src, dst, icmp));
	}
	const length = 20 + icmp.length;
	const header = join(
		[0x45, 0xc0, length >> 8, length & 255, 0, 3, 0, 0, ttl, proto, 0, 0],
		src,
		dst,
	);
	setU16(header, 10, checksum(header));
	return withEthernet(0x0800, join(header, icmp));
}

/** Whether a packet says that it has no checksum, or that a device is to make it. */
export function lacksChecksum(
	frame: Uint8Array,
	{ proto, l4 }: Pick<Parsed, "proto" | "l4">,
): boolean {
	if (proto === SCTP) return !frame.slice(l4 + 8, l4 + 12).some(Boolean);
	return proto === UDP && u16(frame, l4 + 6) === 0;
}
