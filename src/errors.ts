/** A failed call into the kernel: which operation on which object failed, and why. */
export class BpfError extends Error {
	/** Symbolic errno, such as "ENOENT". */
	readonly code: string;
	/** Positive errno. */
	readonly errno: number;
	/** The operation, such as "map update". */
	readonly op: string;
	/** What it was done to, such as a map's or device's name. */
	readonly object: string;
	/** Batches: entries done before the failure. */
	readonly done: number;

	constructor(fields: {
		message: string;
		code: string;
		errno: number;
		op: string;
		object: string;
		done?: number;
	}) {
		super(fields.message);
		this.name = "BpfError";
		this.code = fields.code;
		this.errno = fields.errno;
		this.op = fields.op;
		this.object = fields.object;
		this.done = fields.done ?? 0;
	}
}

/** What went wrong, in words: whatever can be thrown. */
export function reasonOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

export function hasCode(error: unknown, code: string): boolean {
	return error instanceof Error && "code" in error && error.code === code;
}

export const isNotFound = (error: unknown): boolean => hasCode(error, "ENOENT");
export const isExists = (error: unknown): boolean => hasCode(error, "EEXIST");
export const isFull = (error: unknown): boolean =>
	hasCode(error, "E2BIG") || hasCode(error, "ENOSPC");
