/**
 * Deadlines that only say "it did not happen" are multiplied by SLUICE_TEST_TIME_SCALE, which is more
 * than 1 where the machine is emulated. What a test asserts about time is not.
 */
const SCALE = Number(process.env.SLUICE_TEST_TIME_SCALE ?? 1);

/** A deadline for this machine. */
export function patience(ms: number): number {
	return ms * SCALE;
}
