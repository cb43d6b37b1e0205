import type { Family, Protocol } from "../model/objects.ts";

/** IPPROTO_* of a protocol name. */
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { TCP: 6, UDP: 17, SCTP: 132 };

/** struct service.family of a family name. */
export const FAMILY_NUMBER: Readonly<Record<Family, number>> = { IPv4: 4, IPv6: 6 };

/** Name of an IPPROTO_* number; undefined for protocols that are not served. */
export function protocolName(proto: number): Protocol | undefined {
	return proto === 6 ? "TCP" : proto === 17 ? "UDP" : proto === 132 ? "SCTP" : undefined;
}

export function familyName(family: number): Family | undefined {
	return family === 4 ? "IPv4" : family === 6 ? "IPv6" : undefined;
}
