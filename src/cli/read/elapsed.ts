/** How long ago something in a map happened. */
import { readClock } from "../../dataplane/clock.ts";
import { Settings } from "../../layout/structs.ts";
import type { Pinned } from "./open.ts";

/** Turns jiffies, as the programs write them, into seconds until now; 0 where no agent has written the settings. */
export function elapsedSeconds(pinned: Pinned): (jiffies: bigint) => number {
	const { hz } = Settings.decode(new DataView(pinned.map("settings").memory()), 0);
	const now = readClock(pinned.program("clock_probe")).jiffies;
	return (jiffies) => (hz === 0 ? 0 : Math.max(0, Number(now - jiffies) / hz));
}
