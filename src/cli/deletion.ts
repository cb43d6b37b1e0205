/** --delete of the commands that list entries of tables. */
import type { Command } from "commander";
import { UsageError } from "../config.ts";

export interface DeletionOptions {
	readonly delete?: boolean;
	readonly all?: boolean;
}

/** @param what the plural of what is deleted; @param whole "both directions of each" */
export function addDeletion(command: Command, what: string, whole = ""): Command {
	const detail = whole === "" ? "" : `, ${whole}`;
	return command
		.option("--delete", `delete the selected ${what}${detail}`)
		.option("--all", `with --delete and no filter: all ${what}`);
}

/** Nothing is deleted whole by mistake; throws UsageError. */
export function checkDeletion(options: DeletionOptions, what: string, isFiltered: boolean): void {
	if (options.all === true && options.delete !== true) {
		throw new UsageError(`--all is for --delete: ${what} are listed whole without it`);
	}
	if (options.delete === true && !isFiltered && options.all !== true) {
		throw new UsageError(
			`--delete without a filter deletes all ${what}: add --all if that is meant`,
		);
	}
}
