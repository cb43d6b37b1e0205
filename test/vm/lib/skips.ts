import type { TestResult } from "./ktap.ts";

/** Skips that a guest must not have: without a feature, or of one that its kernel should have. */
export function wrongSkips(release: string, tests: readonly TestResult[]): string[] {
	return tests.flatMap(({ name, skip }) => {
		if (skip === undefined) return [];
		const needs = /^needs .+ \(Linux (\d+\.\d+)\)$/.exec(skip)?.[1];
		if (needs === undefined)
			return [`${name}: skipped without a feature and its kernel: "${skip}"`];
		if (compare(release, needs) < 0) return [];
		return [`${name}: skipped on Linux ${release}, which should have it: "${skip}"`];
	});
}

/** Orders versions such as "6.12.3-cloud" and "6.6" by their first two numbers. */
function compare(one: string, other: string): number {
	const [major, minor] = numbers(one);
	const [otherMajor, otherMinor] = numbers(other);
	return major - otherMajor || minor - otherMinor;
}

function numbers(version: string): [major: number, minor: number] {
	const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
	return [Number(major), Number(minor)];
}
