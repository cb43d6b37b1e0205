/** The first document of a configuration file, which is all that kube-proxy reads: YAML 1.1 as Kubernetes reads it, or JSON. */
import { isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Tags } from "yaml";
import { ConfigurationError } from "./configuration-error.ts";

export interface ConfigurationDocument {
	/** As JSON; of a field that is there twice, the last. */
	readonly value: unknown;
	/** Paths of fields that are there more than once. */
	readonly duplicates: readonly string[];
	/** Documents behind it, which are not read. */
	readonly others: number;
}

/** Documents without content do not count. Throws ConfigurationError when there is none, or it is not YAML. */
export function parseDocument(text: string): ConfigurationDocument {
	const lineCounter = new LineCounter();
	const parsed = parseAllDocuments(text, {
		version: "1.1",
		customTags: withoutTimes,
		uniqueKeys: false,
		prettyErrors: false,
		lineCounter,
	});
	const documents = Array.isArray(parsed) ? parsed : [];
	const filled = documents.filter(
		({ contents, errors }) => errors.length > 0 || !isEmpty(contents),
	);
	const [document] = filled;
	if (document === undefined) throw new ConfigurationError(["the file is empty"]);
	const [error] = document.errors;
	if (error !== undefined) {
		const { line, col } = lineCounter.linePos(error.pos[0]);
		throw new ConfigurationError([`line ${line}, column ${col}: ${error.message}`]);
	}
	try {
		const value: unknown = document.toJS({ maxAliasCount: 100 });
		const duplicates = duplicateFields(document.contents, "");
		return { value, duplicates, others: filled.length - 1 };
	} catch (problem) {
		// Too many aliases, or one without anchor.
		throw new ConfigurationError([problem instanceof Error ? problem.message : String(problem)]);
	}
}

/** Go's reader takes 2001-01-01 and 1:30 for text. */
function withoutTimes(tags: Tags): Tags {
	const isTime = (tag: Tags[number]): boolean =>
		typeof tag === "object" &&
		(tag.tag === "tag:yaml.org,2002:timestamp" || ("format" in tag && tag.format === "TIME"));
	return tags.filter((tag) => !isTime(tag));
}

function isEmpty(node: unknown): boolean {
	return node === null || (isScalar(node) && node.value === null);
}

function duplicateFields(node: unknown, at: string): string[] {
	if (isSeq(node)) {
		return node.items.flatMap((item, index) => duplicateFields(item, `${at}[${index}]`));
	}
	if (!isMap(node)) return [];
	const seen = new Set<string>();
	return node.items.flatMap(({ key, value }) => {
		const name = isScalar(key) ? String(key.value) : String(key);
		const path = at === "" ? name : `${at}.${name}`;
		const again = seen.has(name) ? [path] : [];
		seen.add(name);
		return [...again, ...duplicateFields(value, path)];
	});
}
