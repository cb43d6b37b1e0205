/**
 * Ports that fail on purpose: what the agent does then is tested with these. Memory of mmapped arrays
 * is handed through as it is: writing to it cannot fail.
 */
import { constants } from "node:os";
import { BpfError } from "../errors.ts";
import type { MapPort } from "./port.ts";

/** The process "died" there: tests let it pass through everything and start anew on the same maps. */
export class Died extends Error {
	constructor(op: string, object: string) {
		super(`died at ${op} of ${object}`);
		this.name = "Died";
	}
}

/** What happens to one operation. */
export type Fault =
	| { readonly kind: "none" }
	/** Throws a BpfError with that code; nothing is written. E2BIG is for keys that are new. */
	| { readonly kind: "fail"; readonly code: string }
	/** Throws Died before, or after, the operation took place. */
	| { readonly kind: "die"; readonly when: "before" | "after" };

/** Asked once per operation, over all ports that share it. */
export type FaultSource = (op: string, object: string) => Fault;

const NONE: Fault = { kind: "none" };

const ERRNO: Readonly<Record<string, number>> = constants.errno;

/** The nth operation (from 1) that `matches` gets the fault, all others go well. */
export function nthFault(
	n: number,
	fault: Fault,
	matches: (op: string, object: string) => boolean = isWrite,
): FaultSource {
	let seen = 0;
	return (op, object) => (matches(op, object) && ++seen === n ? fault : NONE);
}

/** Each operation that `matches` gets the fault with that probability; the same seed, the same faults. */
export function randomFaults(
	seed: number,
	probability: number,
	fault: Fault,
	matches: (op: string, object: string) => boolean = isWrite,
): FaultSource {
	const random = randomNumbers(seed);
	return (op, object) => (matches(op, object) && random() < probability ? fault : NONE);
}

/** Operations that change a map. */
export function isWrite(op: string): boolean {
	return /update|delete/.test(op);
}

/** The port, with every call but memory() asking `source` what is to happen. */
export function faulty(port: MapPort, source: FaultSource): MapPort {
	const { name } = port.info;
	const attempt = <T>(op: string, action: () => T, isNew = () => true): T => {
		const asked = source(op, name);
		const isFull = asked.kind === "fail" && asked.code === "E2BIG";
		const fault = isFull && !isNew() ? NONE : asked;
		if (fault.kind === "fail") throw failure(fault.code, op, name);
		if (fault.kind === "die" && fault.when === "before") throw new Died(op, name);
		const result = action();
		if (fault.kind === "die") throw new Died(op, name);
		return result;
	};
	return {
		info: port.info,
		lookup: (key) => attempt("map lookup", () => port.lookup(key)),
		update: (key, value, mode) =>
			attempt(
				"map update",
				() => port.update(key, value, mode),
				() => port.lookup(key) === undefined,
			),
		delete: (key) => attempt("map delete", () => port.delete(key)),
		updateBatch: (keys, values, count) =>
			attempt("map update batch", () => port.updateBatch(keys, values, count)),
		deleteBatch: (keys, count) => attempt("map delete batch", () => port.deleteBatch(keys, count)),
		lookupBatch: (cursor, max) => attempt("map lookup batch", () => port.lookupBatch(cursor, max)),
		memory: (bytes) => port.memory(bytes),
	};
}

function failure(code: string, op: string, object: string): BpfError {
	const errno = ERRNO[code] ?? 0;
	return new BpfError({ message: `${op} of ${object} failed (${code})`, code, errno, op, object });
}

/** Numbers from 0 to below 1, the same for the same seed everywhere (mulberry32). */
export function randomNumbers(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
