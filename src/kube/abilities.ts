import { ApiError } from "./api-error.ts";
import type { Resource } from "./resource.ts";

/** What a server has not refused yet. A refusal is remembered: it is not asked for again. */
export class Abilities {
	readonly #resource: Resource;
	#watchList = true;
	#byField: boolean;

	constructor(resource: Resource) {
		this.#resource = resource;
		this.#byField = resource.fieldSelector !== "";
	}

	/** Whether to list by a watch with initial events: servers since 1.32, mostly. */
	get watchList(): boolean {
		return this.#watchList;
	}

	/** Whether to select by field: servers differ in the fields that they can select by. */
	get byField(): boolean {
		return this.#byField;
	}

	/** A server that ignores the parameter never says where the initial events end. */
	refuseWatchList(): void {
		this.#watchList = false;
	}

	/** Whether the failed request asked for something that we can do without; now we do. */
	adapt(error: unknown, wasWatchList: boolean): boolean {
		if (!(error instanceof ApiError) || (error.status !== 400 && error.status !== 422)) {
			return false;
		}
		const aboutField = !wasWatchList || /field (label|selector)/i.test(error.message);
		if (this.#byField && this.#resource.fieldOptional && aboutField) {
			this.#byField = false;
			return true;
		}
		if (wasWatchList) {
			this.#watchList = false;
			return true;
		}
		return false;
	}
}
