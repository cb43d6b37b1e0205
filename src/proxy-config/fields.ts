/** Fields by their path, such as "iptables.masqueradeBit". */
import { type FieldType, isFieldType, SCHEMA, type Schema } from "./schema.ts";

/** Text, numbers, lists and so on, as the schema has them. */
export type FieldValue = unknown;
type Tree = { [field: string]: FieldValue };

/** The type of a field; undefined: there is no such field, or it is an object. */
export function typeOfField(path: string): FieldType | undefined {
	let entry: FieldType | Schema | undefined = SCHEMA;
	for (const name of path.split(".")) {
		if (entry === undefined || isFieldType(entry) || !Object.hasOwn(entry, name)) return undefined;
		entry = entry[name];
	}
	return entry !== undefined && isFieldType(entry) ? entry : undefined;
}

/** All paths, in the order of the schema. */
export function fieldPaths(schema: Schema = SCHEMA, prefix = ""): string[] {
	return Object.entries(schema).flatMap(([name, entry]) =>
		isFieldType(entry) ? [prefix + name] : fieldPaths(entry, `${prefix}${name}.`),
	);
}

export function fieldOf(configuration: object, path: string): FieldValue {
	let value: unknown = configuration;
	for (const name of path.split(".")) value = (value as Tree)[name];
	return value;
}

/** A copy in which the fields of these paths have other values. */
export function withFields<C extends object>(
	configuration: C,
	values: ReadonlyMap<string, FieldValue>,
): C {
	const copy = structuredClone(configuration);
	for (const [path, value] of values) {
		const names = path.split(".");
		const last = names.pop() ?? "";
		let tree = copy as Tree;
		for (const name of names) tree = tree[name] as Tree;
		tree[last] = value;
	}
	return copy;
}
