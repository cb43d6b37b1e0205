import { patience } from "../time-scale.ts";
import { command } from "./command.ts";

const LIMIT_MS = 5000;
const PAUSE_MS = 20;

/** Unmounts, once what a process held that was just killed is closed: its threads end one by one. */
export function unmount(path: string): void {
	const deadline = Date.now() + patience(LIMIT_MS);
	for (;;) {
		try {
			command(["umount", path]);
			return;
		} catch (error) {
			const isBusy = error instanceof Error && error.message.includes("busy");
			if (!isBusy || Date.now() > deadline) throw error;
		}
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
	}
}
