import type { Address } from "./objects.ts";

/** 127.0.0.0/8, ::1 */
export function isLoopback(address: Address): boolean {
	return address.startsWith("127.") || address === "::1";
}

/** 169.254.0.0/16, fe80::/10: known on one link only. */
export function isLinkLocal(address: Address): boolean {
	return address.startsWith("169.254.") || /^fe[89ab][0-9a-f]:/.test(address);
}

/** 0.0.0.0, ::, 224.0.0.0/4, 255.255.255.255, ff00::/8: no single host's. */
export function isUnspecificOrMulticast(address: Address): boolean {
	if (address === "0.0.0.0" || address === "::") return true;
	if (address.includes(":")) return /^ff[0-9a-f]{2}:/.test(address);
	const first = Number(address.slice(0, address.indexOf(".")));
	return (first >= 224 && first < 240) || address === "255.255.255.255";
}
