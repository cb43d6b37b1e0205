/**
 * Keeps one copy of strings, and of short lists of them, that thousands of objects repeat: node
 * names, zones, namespaces. Bounded: a full table starts anew, which costs sharing, not truth.
 */
export class Interner {
	readonly #limit: number;
	readonly #strings = new Map<string, string>();
	readonly #lists = new Map<string, readonly string[]>();

	constructor(limit = 20_000) {
		this.#limit = limit;
	}

	string(text: string): string {
		const known = this.#strings.get(text);
		if (known !== undefined) {
			return known;
		}
		if (this.#strings.size >= this.#limit) {
			this.#strings.clear();
		}
		this.#strings.set(text, text);
		return text;
	}

	list(texts: readonly string[]): readonly string[] {
		const key = texts.join("\n");
		const known = this.#lists.get(key);
		if (known !== undefined) {
			return known;
		}
		if (this.#lists.size >= this.#limit) {
			this.#lists.clear();
		}
		const list = Object.freeze(texts.map((text) => this.string(text)));
		this.#lists.set(key, list);
		return list;
	}
}
