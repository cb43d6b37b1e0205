import { fileURLToPath } from "node:url";

import { command } from "../../test/lib/net/command.ts";
import { isMeasured, type Outcome } from "../lib/figure.ts";
import { countedBase, countedGuest } from "./counted-guest.ts";

const BENCH_OBJECT = fileURLToPath(new URL("../bpf", import.meta.url));
/** What the guest needs besides a counted guest's usual parts. */
const TREE = ["bench", "build/bench/bench.bpf.o"];

const VARIANT = "guest instructions";
const LIMIT_SEC = 900;
const INSTRUCTIONS_PER_US = 1000;

/**
 * P3 in instructions: the writes of one Service's change into real maps, with the agent's own code
 * (JavaScript and addon) between two readings of the clock.
 */
export async function measureChange(): Promise<Outcome> {
	try {
		command(["make", "-s", "-C", BENCH_OBJECT]);
		const base = countedBase(TREE);
		const run = "node bench/instructions/guest/change.ts";
		const guest = { name: "change", command: run, limitSec: LIMIT_SEC };
		const { output } = await countedGuest(base, guest);
		const line = /^change: (\{.*)$/m.exec(output)?.[1];
		if (line === undefined) throw new Error("the guest gave none: build/instructions/change.log");
		return inInstructions(JSON.parse(line) as Outcome, base.kernel.release);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		return { id: "P3", variant: VARIANT, reason };
	}
}

function inInstructions(outcome: Outcome, kernel: string): Outcome {
	if (!isMeasured(outcome)) return { ...outcome, variant: VARIANT };
	const [value, min, max] = [outcome.value, outcome.min, outcome.max].map(
		(us) => us * INSTRUCTIONS_PER_US,
	) as [number, number, number];
	const note = `JavaScript and addon included; 1 us of the guest is 1,000 instructions: ${outcome.note}`;
	return { ...outcome, variant: VARIANT, value, min, max, kernel, note };
}
