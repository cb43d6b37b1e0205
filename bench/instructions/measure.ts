import { existsSync } from "node:fs";
import { join } from "node:path";

import { type CountedBase, countedGuest, INSTRUCTIONS_BUILD } from "./counted-guest.ts";
import { writeObjects } from "./objects.ts";
import { OPERATIONS, type Operation } from "./operations.ts";
import { capturedRules } from "./peers/capture.ts";
import type { Variant } from "./variants.ts";

/** Instructions per operation, by batch. */
export type Batches = Readonly<Record<Operation, readonly number[]>>;

const LIMIT_SEC = 600;

/** Ticks of idle time that the start and end of a program may have. */
const IDLE_TICKS = 1;

/** Boots a guest for one variant and returns what it has counted. Throws when the run is no measurement. */
export async function measure(
	base: CountedBase,
	variant: Variant,
	services: number,
): Promise<Batches> {
	const objects = join(INSTRUCTIONS_BUILD, `objects-${variant.place}-${services}.cpio`);
	if (!existsSync(objects)) writeObjects(objects, services, variant.place);
	const name = `${variant.name}-${services}`;
	const rules =
		variant.rules === undefined ? [] : [await capturedRules(base, variant.rules, services)];
	const { output } = await countedGuest(base, {
		name,
		command: `sh bench/instructions/guest/run.sh ${variant.name}`,
		archives: [objects, ...rules],
		limitSec: LIMIT_SEC,
	});
	try {
		// What comes after it, the kernel's log, may not have left the serial line when the guest is off.
		if (!/^run: done/m.test(output)) throw new Error("the guest did not get to its end");
		check(output, variant);
		return batches(output);
	} catch (error) {
		const why = error instanceof Error ? error.message : String(error);
		throw new Error(`${name}: ${why}; build/instructions/${name}.log has all of it`);
	}
}

function batches(output: string): Batches {
	const read = (operation: Operation): number[] => {
		const lines = output.matchAll(new RegExp(`^loops: ${operation} (\\d+)\\r?$`, "gm"));
		const counts = [...lines].map(([, count]) => Number(count));
		if (counts.length === 0) throw new Error(`no counts of ${operation}`);
		return counts;
	};
	return Object.fromEntries(OPERATIONS.map((name) => [name, read(name)])) as unknown as Batches;
}

/** Idle time is counted too, and a path that was not taken was not measured. */
function check(output: string, { own, way }: Variant): void {
	const idle = Number(/^run: idle (\d+)/m.exec(output)?.[1]);
	if (!(idle <= IDLE_TICKS)) throw new Error(`the processor was idle for ${idle} ticks`);
	if (/^run: connections 0\r?$/m.test(output)) throw new Error("the rules have seen no connection");
	if (!own) return;
	const ways = [...output.matchAll(/^run: way (\d+) (\d+)/gm)].map(([, name, count]) => ({
		way: Number(name),
		count: Number(count),
	}));
	const all = ways.reduce((sum, { count }) => sum + count, 0);
	const right = ways.find((one) => one.way === way)?.count ?? 0;
	if (way === undefined ? all === 0 : right > 0) return;
	throw new Error(`flow entries went other ways: ${JSON.stringify(ways)}`);
}
