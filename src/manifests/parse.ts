import { LineCounter, parseAllDocuments, type YAMLError } from "yaml";

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

export interface ParsedManifest {
	/** The documents without syntax errors, as JSON; empty documents are left out. */
	readonly documents: readonly unknown[];
	/** The first error of each document that could not be read. */
	readonly errors: readonly ManifestError[];
}

/** Reads the text of a YAML or JSON file. `file` is the name for messages. */
export function parseManifest(text: string, file: string): ParsedManifest {
	if (file.endsWith(".json")) {
		const document = parseJson(text);
		if (document !== undefined) {
			return { documents: [document], errors: [] };
		}
	}
	return parseYaml(text, file);
}

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

function parseYaml(text: string, file: string): ParsedManifest {
	const lines = new LineCounter();
	const errors: ManifestError[] = [];
	const documents: unknown[] = [];
	const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
	for (const document of Array.isArray(parsed) ? parsed : []) {
		const [first] = document.errors;
		if (first !== undefined) {
			errors.push(toManifestError(first, file, lines));
			continue;
		}
		try {
			documents.push(document.toJS({ maxAliasCount: 100 }));
		} catch (error) {
			// Too many aliases, or one without anchor: the library names no place for these.
			const { line, col } = lines.linePos(document.range?.[0] ?? 0);
			errors.push(new ManifestError(file, { line, column: col }, reasonOf(error)));
		}
	}
	return { documents: documents.filter((document) => document !== null), errors };
}

function toManifestError(error: YAMLError, file: string, lines: LineCounter): ManifestError {
	const { line, col } = lines.linePos(error.pos[0]);
	return new ManifestError(file, { line, column: col }, reasonOf(error));
}

function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
