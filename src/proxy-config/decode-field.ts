/** How a field of each type is read from JSON. */
import { parseGoDuration } from "./go-duration.ts";
import type { FieldType, VModule } from "./schema.ts";

export interface FieldDecoder {
	/** The value of a field that is absent or null. */
	readonly zero: unknown;
	/** undefined: it is of another type. */
	decode(value: unknown): unknown;
	/** After "must be". */
	readonly expects: string;
}

const string: FieldDecoder = {
	zero: "",
	decode: (value) => (typeof value === "string" ? value : undefined),
	expects: "text",
};
const bool: FieldDecoder = {
	zero: false,
	decode: (value) => (typeof value === "boolean" ? value : undefined),
	expects: "true or false",
};
const int32: FieldDecoder = {
	zero: 0,
	decode: (value) =>
		Number.isInteger(value) && Number(value) === (Number(value) | 0) ? value : undefined,
	expects: "a whole number of 32 bits",
};
const duration: FieldDecoder = {
	zero: 0,
	decode: (value) => (typeof value === "string" ? parseGoDuration(value) : undefined),
	expects: 'a duration in text, such as "30s" or "1h30m"',
};

export const DECODERS: Readonly<Record<FieldType, FieldDecoder>> = {
	string,
	bool,
	"bool?": { ...bool, zero: null },
	int32,
	"int32?": { ...int32, zero: null },
	float: {
		zero: 0,
		decode: (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined),
		expects: "a number",
	},
	duration,
	"duration?": { ...duration, zero: null },
	durationOrNs: {
		...duration,
		decode: (value) => (Number.isInteger(value) ? Number(value) / 1e6 : duration.decode(value)),
	},
	quantity: {
		zero: "",
		decode: (value) => (QUANTITY.test(String(value)) ? String(value) : undefined),
		expects: "a quantity, such as 0 or 64Ki",
	},
	strings: {
		zero: [],
		decode: (value) => listOf(value, string),
		expects: "a list of texts",
	},
	gates: { zero: {}, decode: gates, expects: "an object of true and false" },
	vmodule: {
		zero: [],
		decode: (value) => listOf(value, { zero: undefined, decode: vmodule, expects: "" }),
		expects: "a list of filePattern and verbosity",
	},
};

const QUANTITY = /^[-+]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?$/;

function listOf(value: unknown, { decode }: FieldDecoder): unknown {
	if (!Array.isArray(value)) return undefined;
	const items = value.map(decode);
	return items.includes(undefined) ? undefined : items;
}

function gates(value: unknown): Readonly<Record<string, boolean>> | undefined {
	if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
	const entries = Object.entries(value);
	return entries.every(([, gate]) => typeof gate === "boolean")
		? Object.fromEntries(entries)
		: undefined;
}

function vmodule(value: unknown): VModule | undefined {
	const { filePattern, verbosity } = (value ?? {}) as Partial<VModule>;
	const good = typeof filePattern === "string" && Number.isInteger(verbosity);
	return good && verbosity !== undefined && verbosity >= 0 ? { filePattern, verbosity } : undefined;
}
