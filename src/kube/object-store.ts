import type { Change, ObjectKey } from "../model/objects.ts";
import { ProtocolError } from "./api-error.ts";
import { toChange, toRemoval } from "./change.ts";
import type { Interner } from "./intern.ts";
import type { Json } from "./json.ts";
import { keyOf, metadataOf } from "./metadata.ts";
import type { Resource } from "./resource.ts";
import type { ObjectEvent } from "./watch-event.ts";

/** What identifies one state of one object. */
interface Version {
	readonly uid: string;
	readonly resourceVersion: string;
}

/** One object of a list. */
export interface Listed extends Version {
	/** undefined: it is as it was delivered, and has not been decoded again; or it has been by now. */
	change: Change | undefined;
}

/** A complete list, or one in the making. */
export type Listing = Map<ObjectKey, Listed>;

/**
 * Remembers which state of which object has been delivered, and says what is to be delivered next.
 * The objects themselves are not kept.
 */
export class ObjectStore {
	readonly #resource: Resource;
	readonly #interner: Interner;
	#delivered: Map<ObjectKey, Version> = new Map();
	/** Version of the newest list or object that was delivered. */
	#newest = 0;

	constructor(resource: Resource, interner: Interner) {
		this.#resource = resource;
		this.#interner = interner;
	}

	get size(): number {
		return this.#delivered.size;
	}

	/** Decodes an object into a list that is being read; one without name cannot be told apart. */
	list(listing: Listing, object: Json): void {
		const metadata = metadataOf(object);
		const key = keyOf(metadata);
		if (key !== "") {
			const { uid, resourceVersion } = metadata;
			const known = this.#delivered.get(key);
			const same = known?.uid === uid && known.resourceVersion === resourceVersion;
			const change = same ? undefined : this.#decode(object);
			listing.set(key, { uid, resourceVersion, change });
		}
	}

	/**
	 * All changes from what was delivered to what a complete list of that version says. A list older
	 * than what was delivered is from a history that was put back, in which the same versions can
	 * mean other things: throws ProtocolError, and every object of the next list counts as changed.
	 * The listing is the store's from then on: tens of thousands of entries are not copied.
	 */
	replace(listing: Listing, version: string): Change[] {
		if (Number(version) < this.#newest) {
			this.#distrustVersions();
			throw new ProtocolError(`a list has version ${version}, older than what came before`);
		}
		this.#newest = Number(version);
		const changes: Change[] = [];
		for (const key of this.#delivered.keys()) {
			if (!listing.has(key)) {
				changes.push(this.#removal(key));
			}
		}
		for (const [key, listed] of listing) {
			if (listed.change) {
				changes.push(...this.#transition(key, listed, listed.change));
				listed.change = undefined;
			}
		}
		this.#delivered = listing;
		return changes;
	}

	/** What an event of a watch changes. "remove" is also: the selectors no longer match. */
	apply({ type, object, metadata }: ObjectEvent): Change[] {
		const key = keyOf(metadata);
		if (key === "") {
			throw new ProtocolError("an event of a watch has an object without name");
		}
		if (type === "remove") {
			return this.#delivered.delete(key) ? [this.#removal(key)] : [];
		}
		const { uid, resourceVersion } = metadata;
		this.#newest = Math.max(this.#newest, Number(resourceVersion));
		const changes = this.#transition(key, { uid, resourceVersion }, this.#decode(object));
		this.#delivered.set(key, { uid, resourceVersion });
		return changes;
	}

	/** Nothing for a state that was delivered; an object made anew under its name is two changes. */
	#transition(key: ObjectKey, next: Version, change: Change): Change[] {
		const known = this.#delivered.get(key);
		if (known && known.uid !== next.uid) {
			return [this.#removal(key), change];
		}
		return known?.resourceVersion === next.resourceVersion ? [] : [change];
	}

	#distrustVersions(): void {
		this.#newest = 0;
		for (const [key, { uid }] of this.#delivered) {
			this.#delivered.set(key, { uid, resourceVersion: "" });
		}
	}

	#decode(object: Json): Change {
		return toChange(this.#resource.kind, object, this.#interner);
	}

	#removal(key: ObjectKey): Change {
		return toRemoval(this.#resource.changeKind, key);
	}
}
