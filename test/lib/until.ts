import { patience } from "./time-scale.ts";

/** Waits until the condition holds; fails with `what` after the deadline. */
export async function until(
	what: string,
	condition: () => boolean | Promise<boolean>,
	deadlineMs = 10_000,
): Promise<void> {
	const deadline = performance.now() + patience(deadlineMs);
	while (!(await condition())) {
		if (performance.now() > deadline) {
			throw new Error(`waited ${deadlineMs} ms in vain: ${what}`);
		}
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
