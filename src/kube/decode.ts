import type { ObjectKey, Protocol, Skip } from "../model/objects.ts";
import { arrayOf, type Json, show } from "./json.ts";

/** What became of one API object. */
export interface Decoded<T> {
	readonly key: ObjectKey;
	/** undefined: not ours to serve; `skips` says why. */
	readonly object: T | undefined;
	readonly skips: readonly Skip[];
}

/** Collects the reasons for what is left out of one object. */
export class Skips {
	readonly list: Skip[] = [];
	readonly #object: string;

	constructor(object: string) {
		this.#object = object;
	}

	/** Leaves out the object, or a field of it. */
	add(reason: string): void {
		this.list.push({ object: this.#object, reason });
	}

	/** Leaves out a part that has a name of its own, such as "Endpoint 10.0.0.1". */
	addPart(part: string, reason: string): void {
		this.list.push({ object: `${part} of ${this.#object}`, reason });
	}
}

/** A copy without the room for 16 more that push() makes: tens of thousands of lists are kept. */
export function trimmed<T>(list: readonly T[]): readonly T[] {
	return list.slice();
}

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

/** The API's default for an absent protocol is TCP. */
export function protocolOf(value: unknown): Protocol | undefined {
	return PROTOCOLS.find((protocol) => protocol === (value ?? "TCP"));
}

/** A port number 1..65535. */
export function portOf(value: unknown): number | undefined {
	return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65536
		? value
		: undefined;
}

/** A port number that may be absent or 0, which stands for none. */
export function optionalPortOf(json: Json, field: string, path: string, skips: Skips): number {
	const port = portOf(json[field]);
	if (port === undefined && (json[field] ?? 0) !== 0) {
		skips.add(`${path}.${field} is ${show(json[field])}, not a port number`);
	}
	return port ?? 0;
}

/** A field of spec with a fixed set of values; the first one is the API's default. */
export function oneOf<T extends string>(
	values: readonly [T, ...T[]],
	spec: Json,
	field: string,
	skips: Skips,
): T {
	const [fallback] = values;
	const given = spec[field] ?? fallback;
	const value = values.find((known) => known === given);
	if (value === undefined) {
		skips.add(`spec.${field} is ${show(given)}; ${fallback} is assumed`);
	}
	return value ?? fallback;
}

/** A field that holds a list; without one that is none, which is named. */
export function listOf(json: Json, field: string, path: string, skips: Skips): readonly unknown[] {
	const value = json[field] ?? [];
	if (!Array.isArray(value)) skips.add(`${path}.${field} is ${show(value)}, not a list`);
	return arrayOf(value);
}

/** Name of a port; the API's default for an absent one is "". */
export function portNameOf(value: unknown): string | undefined {
	return typeof value === "string" ? value : (value ?? "") === "" ? "" : undefined;
}

/** The first of number, protocol and name that is not usable, as a reason; undefined: all are. */
export function portProblem(path: string, port: Record<string, unknown>): string | undefined {
	if (portOf(port.port) === undefined) {
		return `${path}.port is ${show(port.port)}, not a port number`;
	}
	if (protocolOf(port.protocol) === undefined) {
		return `${path}.protocol is ${show(port.protocol)}, not TCP, UDP or SCTP`;
	}
	if (portNameOf(port.name) === undefined) {
		return `${path}.name is ${show(port.name)}, not a string`;
	}
	return undefined;
}
