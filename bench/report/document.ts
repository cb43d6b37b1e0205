/** What is generated stands between these lines of a document. */
const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";

/** Puts generated text in place of what stands between the markers. Throws when they are missing. */
export function replaceGenerated(document: string, text: string): string {
	const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
	if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN} ... ${END}`);
	return `${document.slice(0, begin + BEGIN.length)}\n${text}\n${document.slice(end)}`;
}
