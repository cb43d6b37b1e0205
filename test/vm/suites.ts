import { GUEST_ROWS, NET_ROWS, type Row } from "./rows.ts";

/** Test files that every guest runs, with the names under which the summary counts them. */
export interface Suite {
	readonly name: string;
	/** Globs of test files, from the top of the tree; they run one after the other. */
	readonly files: readonly string[];
	/** All files in one process. */
	readonly together?: true;
	/** Only these rows of them for each change; all of them when `SLUICE_TEST_LONG` is 1. */
	readonly rows?: readonly Row[];
	/** Environment of the tests beside that of all guests. */
	readonly env?: Readonly<Record<string, string>>;
	/** Seconds after which one file, or what runs together, is given up. */
	readonly limitSec: number;
	/** Runs only when it is named. */
	readonly onDemand?: true;
}

/** To add a suite, add it here: its files run in every guest, and the summary has a column more. */
export const SUITES: readonly Suite[] = [
	{ name: "native", files: ["test/native/*.test.ts"], together: true, limitSec: 300 },
	{ name: "contract", files: ["test/contract/*.test.ts"], together: true, limitSec: 300 },
	{ name: "bpf", files: ["test/bpf/*.test.ts"], together: true, limitSec: 600 },
	{ name: "verifier", files: ["test/vm/verifier/*.test.ts"], limitSec: 300 },
	{ name: "guest", files: ["test/vm/guest/*.guest.ts"], rows: GUEST_ROWS, limitSec: 900 },
	{ name: "net", files: ["test/net/*.test.ts"], rows: NET_ROWS, limitSec: 900 },
	{ name: "alarm", files: ["test/vm/alarm/*.ts"], limitSec: 60, onDemand: true },
];
