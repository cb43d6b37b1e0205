/** Comparing packets field by field, with a message that shows both. */
import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import { type Decoded, decode } from "./packet-decode.ts";

export type Expected = Partial<Omit<Decoded, "quote">> & { readonly quote?: Expected };

/**
 * Asserts that the frame has right checksums (unless `bad` is expected) and the expected fields.
 * The message names each field that differs and shows the whole packet.
 */
export function assertPacket(frame: Uint8Array, expected: Expected): void {
	const actual = decode(frame);
	const differences = differ(actual, { bad: [], ...expected }, "");
	if (differences.length === 0) return;
	throw new AssertionError({
		message: `${differences.join("\n")}\nin the packet\n${describe(actual)}`,
		stackStartFn: assertPacket,
	});
}

/** A packet as a person reads it. */
export function describe(packet: Decoded): string {
	return inspect(packet, { depth: 4, breakLength: 110 });
}

function differ(actual: Decoded, expected: Expected, path: string): string[] {
	return Object.entries(expected).flatMap(([field, wanted]) => {
		const found = actual[field as keyof Decoded];
		if (field === "quote" && actual.quote) {
			return differ(actual.quote, wanted as Expected, `${path}quote.`);
		}
		if (isDeepStrictEqual(found, wanted)) return [];
		return [`${path}${field} is ${inspect(found)} and should be ${inspect(wanted)}`];
	});
}
