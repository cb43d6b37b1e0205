import { LineCounter, parseAllDocuments } from "yaml";
import { reasonOf } from "../errors.ts";
import { type DocumentText, splitDocuments } from "./documents.ts";

/** A place in a manifest that is not YAML or JSON; `message` begins with "file:line:column: ". */
export class ManifestError extends Error {
	readonly file: string;
	/** Counted from 1. */
	readonly line: number;
	/** Counted from 1. */
	readonly column: number;

	constructor(file: string, at: { line: number; column: number }, reason: string) {
		super(`${file}:${at.line}:${at.column}: ${reason}`);
		this.name = "ManifestError";
		this.file = file;
		this.line = at.line;
		this.column = at.column;
	}
}

export interface ParsedDocument {
	/** As JSON; empty when there is only a comment, more than one only with directives. */
	readonly values: readonly unknown[];
	readonly error: ManifestError | undefined;
}

/** The documents of a YAML or JSON file, to be read one after the other. */
export function documentsOf(text: string, file: string): readonly DocumentText[] {
	return isJson(file) ? [{ text, lineOffset: 0 }] : splitDocuments(text);
}

/** Reads one document. `file` is the name for messages. */
export function parseDocument(document: DocumentText, file: string): ParsedDocument {
	if (isJson(file)) {
		const value = parseJson(document.text);
		if (value !== undefined) {
			return { values: [value], error: undefined };
		}
	}
	return parseYaml(document, file);
}

const isJson = (file: string): boolean => file.endsWith(".json");

/**
 * JSON is YAML too, but many times faster to read as what it is. undefined: not one JSON document;
 * the YAML parser then says where it breaks.
 */
function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

function parseYaml({ text, lineOffset }: DocumentText, file: string): ParsedDocument {
	const lines = new LineCounter();
	const failed = (position: number, reason: string) => {
		const { line, col } = lines.linePos(position);
		return new ManifestError(file, { line: line + lineOffset, column: col }, reason);
	};
	const values: unknown[] = [];
	const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
	for (const document of Array.isArray(parsed) ? parsed : []) {
		const [first] = document.errors;
		if (first !== undefined) {
			return { values: [], error: failed(first.pos[0], first.message) };
		}
		try {
			values.push(document.toJS({ maxAliasCount: 100 }));
		} catch (error) {
			// Too many aliases, or one without anchor: the library names no place for these.
			const reason = reasonOf(error);
			return { values: [], error: failed(document.range?.[0] ?? 0, reason) };
		}
	}
	return { values: values.filter((value) => value !== null), error: undefined };
}
