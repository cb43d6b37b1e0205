const TWO_TO_32 = 2 ** 32;

/** A frontend's service id and flags as one number. */
export function frontendValue(service: number, flags: number): number {
	return flags * TWO_TO_32 + service;
}

/** The service id in a frontendValue(). */
export function frontendService(value: number): number {
	return value % TWO_TO_32;
}

/** The flags in a frontendValue(). */
export function frontendFlags(value: number): number {
	return Math.floor(value / TWO_TO_32);
}
