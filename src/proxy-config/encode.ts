/** A configuration as others read it: JSON for /configz, YAML for files. */
import { stringify } from "yaml";
import { formatGoDuration } from "./go-duration.ts";
import {
	API_VERSION,
	type FieldType,
	isFieldType,
	KIND,
	type KubeProxyConfiguration,
	SCHEMA,
	type Schema,
} from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** As kube-proxy would encode it: durations in Go's notation. */
export function toJson(configuration: KubeProxyConfiguration): Json {
	return { kind: KIND, apiVersion: API_VERSION, ...encodeObject(configuration, SCHEMA) };
}

/** Fields in the order of their names, as kube-proxy writes them. */
export function toYaml(configuration: KubeProxyConfiguration): string {
	return stringify(toJson(configuration), { version: "1.1", sortMapEntries: true });
}

/** Empty where Go leaves out what is empty. */
const OMITTED_WHEN_EMPTY: readonly string[] = [
	"featureGates",
	"vmodule",
	"splitStream",
	"windowsRunAsService",
];

function encodeObject(fields: object, schema: Schema): Json {
	const encoded = Object.entries(schema).map(([name, entry]): [string, unknown] => {
		const value = (fields as Json)[name];
		const isObject = !isFieldType(entry);
		return [name, isObject ? encodeObject(value as object, entry) : encodeField(value, entry)];
	});
	return Object.fromEntries(
		encoded.filter(([name, value]) => !(OMITTED_WHEN_EMPTY.includes(name) && isEmpty(value))),
	);
}

function encodeField(value: unknown, type: FieldType): unknown {
	if (type === "duration" || type === "duration?" || type === "durationOrNs") {
		return formatGoDuration(Number(value));
	}
	// Go's nil list.
	return type === "strings" && isEmpty(value) ? null : value;
}

function isEmpty(value: unknown): boolean {
	if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
	return value === false || value === null;
}
