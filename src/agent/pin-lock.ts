/**
 * One agent per directory of pins, also over network namespaces, whose agents would detach each
 * other's programs. To be taken by who has the lock of lock.ts already.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Addon } from "../dataplane/addon.ts";

/** For an agent of this network namespace that has given up the other lock and is about to end. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 50;

/**
 * Returns what gives the lock back; the end of the process does, too. Rejects when an agent of another
 * network namespace has the pins, still after `patienceMs`.
 *
 * @param pinPath a directory that exists
 */
export async function lockPins(
	addon: Pick<Addon, "lockDirectory">,
	pinPath: string,
	patienceMs = PATIENCE_MS,
): Promise<() => void> {
	const end = performance.now() + patienceMs;
	for (;;) {
		const unlock = addon.lockDirectory(pinPath);
		if (unlock !== undefined) return unlock;
		if (performance.now() >= end) {
			throw new Error(
				`an agent in another network namespace is running with pin path ${pinPath}: ` +
					"stop it, or give each its own --pin-path",
			);
		}
		await delay(PAUSE_MS);
	}
}
