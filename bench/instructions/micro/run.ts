/**
 * Counts guest instructions per packet, one kind at a time: `node bench/instructions/micro/run.ts`.
 * docs/performance.md explains the kinds.
 */
import { fileURLToPath } from "node:url";
import { command } from "../../../test/lib/net/command.ts";
import { countedBase, countedGuest } from "../counted-guest.ts";

const BENCH_BPF = fileURLToPath(new URL("../../bpf", import.meta.url));
const TREE = ["bench", "build/bench/bench.bpf.o"];
/** The one that docs/performance.md tells of. */
const KERNEL = "6.1";
const LIMIT_SEC = 300;

command(["make", "-s", "-C", BENCH_BPF]);
const { output, code } = await countedGuest(countedBase(TREE, KERNEL), {
	name: "micro",
	command: "node bench/instructions/micro/count.ts",
	limitSec: LIMIT_SEC,
});
for (const line of output.split(/\r?\n/)) {
	if (!line.startsWith('{"count"')) continue;
	const { count, value } = JSON.parse(line);
	process.stdout.write(`${String(value).padStart(6)}  ${count}\n`);
}
if (code !== 0) throw new Error(`the guest ended with ${code}: build/instructions/micro.log`);
