/** A request as it is counted. */
export interface ObservedRequest {
	/** Name or address of the server, with its port if the address names one. */
	readonly host: string;
	/** In capital letters. */
	readonly method: string;
}

/** Who counts the requests to an API server. */
export interface RequestObserver {
	/**
	 * A request was answered, or was not.
	 *
	 * @param code HTTP status, or "<error>"
	 */
	answered(request: ObservedRequest, code: string): void;
	/** A request that is no watch has ended, its body read or not; `seconds` since it was made. */
	took(request: ObservedRequest, seconds: number): void;
}
