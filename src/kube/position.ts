import { ApiError, ProtocolError } from "./api-error.ts";

/** As many answers of the server in a row that are errors make us list anew. */
const MAX_API_ERRORS = 5;
/**
 * As many watches in a row without even a bookmark do so, too: a server that was put back to an earlier version, as
 * by a restored etcd, takes a watch from a later one and is silent until it gets there
 * (k8s.io/apiserver/pkg/storage/cacher); to a list it says that the version is too large.
 */
const MAX_SILENCES = 2;

/** Where we are in the history of a resource: what to ask the server for next. */
export class Position {
	#version: string | undefined;
	#last = "0";
	#apiErrors = 0;
	#silences = 0;

	/** Version after which the next watch goes on; undefined: list first. */
	get version(): string | undefined {
		return this.#version;
	}

	/**
	 * Version that the next list has to have at least: the last one seen, "0" at the start (whatever
	 * the server has at hand), "" after the server said that it does not have ours (the very newest).
	 */
	get listVersion(): string {
		return this.#last;
	}

	/** A complete list has come. */
	listed(version: string): void {
		if (version === "") {
			throw new ProtocolError("a list has no resourceVersion");
		}
		this.#version = version;
		this.#last = version;
		this.#silences = 0;
	}

	/** A watch ended on which nothing came. */
	silent(): void {
		this.#silences++;
		if (this.#silences < MAX_SILENCES) return;
		this.#version = undefined;
		this.#silences = 0;
	}

	/**
	 * An event or bookmark has come; "" when it names no version. Servers send events in order; one
	 * that does not, or whose history was put back, is not to be trusted with what it sent before
	 * either: throws ProtocolError.
	 */
	moved(version: string): void {
		if (Number(version) < Number(this.#last)) {
			throw new ProtocolError(`version ${version} comes after version ${this.#last}`);
		}
		this.#apiErrors = 0;
		this.#silences = 0;
		if (version !== "") {
			this.#version = version;
			this.#last = version;
		}
	}

	/** Decides whether a failure means that we must list anew. A mere disconnect does not. */
	failed(error: unknown): void {
		this.#apiErrors += error instanceof ApiError ? 1 : 0;
		if (error instanceof ApiError && error.expired) {
			this.#version = undefined;
			this.#last = "";
		} else if (error instanceof ProtocolError || this.#apiErrors >= MAX_API_ERRORS) {
			this.#version = undefined;
			this.#apiErrors = 0;
		}
	}
}
