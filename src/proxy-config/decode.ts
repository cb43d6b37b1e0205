/** From JSON to fields, as Kubernetes decodes: what is unknown is found, what is of a wrong type refused. */
import { ConfigurationError } from "./configuration-error.ts";
import { DECODERS } from "./decode-field.ts";
import { parseDocument } from "./document.ts";
import {
	API_VERSION,
	type DecodedConfiguration,
	isFieldType,
	KIND,
	SCHEMA,
	type Schema,
} from "./schema.ts";

export interface DecodeResult {
	readonly configuration: DecodedConfiguration;
	/** Why a strict decoder refuses the file; a lenient one leaves these fields out. */
	readonly strict: readonly string[];
	/** Documents of the file behind the first, which are not read. */
	readonly others: number;
}

/**
 * Decodes the text of a file, without filling in defaults. Throws ConfigurationError with every
 * problem that a lenient decoder has too.
 */
export function decodeConfiguration(text: string): DecodeResult {
	const { value, duplicates, others } = parseDocument(text);
	if (!isObject(value)) throw new ConfigurationError(["the file is not an object with fields"]);
	const { apiVersion, kind, ...fields } = value;
	const wrong = [
		...expectText("apiVersion", apiVersion, API_VERSION),
		...expectText("kind", kind, KIND),
	];
	if (wrong.length > 0) throw new ConfigurationError(wrong);
	const found: Found = { wrong: [], unknown: [] };
	const configuration = decodeObject(fields, SCHEMA, "", found);
	if (found.wrong.length > 0) throw new ConfigurationError(found.wrong);
	const repeated = duplicates.map((path) => `duplicate field "${path}"`);
	return {
		configuration: configuration as DecodedConfiguration,
		strict: [...found.unknown, ...repeated],
		others,
	};
}

/** Everything zero, empty or null, as Go begins. */
export function emptyConfiguration(): DecodedConfiguration {
	return decodeObject({}, SCHEMA, "", { wrong: [], unknown: [] }) as DecodedConfiguration;
}

interface Found {
	readonly wrong: string[];
	readonly unknown: string[];
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expectText(field: string, value: unknown, expected: string): string[] {
	if (value === expected) return [];
	if (value === undefined || value === null) return [`${field}: is missing, must be ${expected}`];
	return [`${field}: must be ${expected}, is ${JSON.stringify(value)}`];
}

function decodeObject(value: unknown, schema: Schema, at: string, found: Found): Json {
	const given = value ?? {};
	const fields = isObject(given) ? given : {};
	if (!isObject(given)) {
		found.wrong.push(`${at}: must be an object, is ${JSON.stringify(value)}`);
	}
	const path = (name: string): string => (at === "" ? name : `${at}.${name}`);
	for (const name of Object.keys(fields)) {
		if (!Object.hasOwn(schema, name)) found.unknown.push(unknownField(name, schema, path));
	}
	const decoded = Object.entries(schema).map(([name, entry]) => {
		const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
		if (!isFieldType(entry)) return [name, decodeObject(field, entry, path(name), found)];
		const { zero, decode, expects } = DECODERS[entry];
		if (field === undefined || field === null) return [name, zero];
		const result = decode(field);
		if (result !== undefined) return [name, result];
		found.wrong.push(`${path(name)}: must be ${expects}, is ${JSON.stringify(field)}`);
		return [name, zero];
	});
	return Object.fromEntries(decoded);
}

function unknownField(name: string, schema: Schema, path: (name: string) => string): string {
	const known = Object.keys(schema).find((field) => field.toLowerCase() === name.toLowerCase());
	const hint = known === undefined ? "" : ` (the field is called "${known}")`;
	return `unknown field "${path(name)}"${hint}`;
}
