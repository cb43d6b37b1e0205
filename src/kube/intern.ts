import type { EndpointTraits } from "../model/objects.ts";

/**
 * Keeps one copy of strings, and of short lists of them, that thousands of objects repeat: node
 * names, zones, namespaces; and of what endpoints of a node have in common. Bounded: a full table
 * starts anew, which costs sharing, not truth.
 */
export class Interner {
	readonly #limit: number;
	readonly #strings = new Map<string, string>();
	readonly #lists = new Map<string, readonly string[]>();
	readonly #traits = new Map<string, EndpointTraits>();

	constructor(limit = 20_000) {
		this.#limit = limit;
	}

	string(text: string): string {
		return this.#kept(this.#strings, text, () => text);
	}

	list(texts: readonly string[]): readonly string[] {
		return this.#kept(this.#lists, texts.join("\n"), () =>
			Object.freeze(texts.map((text) => this.string(text))),
		);
	}

	traits(wanted: EndpointTraits): EndpointTraits {
		return this.#kept(this.#traits, traitsKey(wanted), () => {
			const { ready, serving, terminating, nodeName, zoneHints, nodeHints } = wanted;
			return { ready, serving, terminating, nodeName, zoneHints, nodeHints };
		});
	}

	#kept<T>(table: Map<string, T>, key: string, make: () => T): T {
		const known = table.get(key);
		if (known !== undefined) {
			return known;
		}
		if (table.size >= this.#limit) {
			table.clear();
		}
		const made = make();
		table.set(key, made);
		return made;
	}
}

/** Nearly all endpoints have no hints. */
function traitsKey(traits: EndpointTraits): string {
	const { ready, serving, terminating, nodeName, zoneHints, nodeHints } = traits;
	const bits = (ready ? 1 : 0) + (serving ? 2 : 0) + (terminating ? 4 : 0);
	return zoneHints.length + nodeHints.length === 0
		? `${bits}${nodeName}`
		: JSON.stringify([bits, nodeName, zoneHints, nodeHints]);
}
