/** One document of a file. */
export interface DocumentText {
	readonly text: string;
	/** Lines of the file before it. */
	readonly lineOffset: number;
}

/**
 * Cuts a YAML file at its document markers, "---" at the start of a line, which no value can
 * contain. So a document that does not parse takes no other with it, one that is unchanged need not
 * be read again, and a large file need not be read at one go. A file with directives stays whole:
 * they belong to the document after them.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
	if (/^%/m.test(text)) {
		return [{ text, lineOffset: 0 }];
	}
	const documents: DocumentText[] = [];
	let lineOffset = 0;
	for (const part of text.split(/^(?=---(?:\s|$))/m)) {
		documents.push({ text: part, lineOffset });
		lineOffset += part.split("\n").length - 1;
	}
	return documents;
}
