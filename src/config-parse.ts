/** Parsers of option values. Each throws UsageError with a sentence that names the value. */
import { isIP } from "node:net";
import { type BindAddress, type PortRange, UsageError } from "./config.ts";
import { parseGoDuration } from "./proxy-config/go-duration.ts";

/** A duration in Go's notation ("1h30m", "500ms", "0"), not negative, in milliseconds. */
export function parseDuration(text: string): number {
	const ms = parseGoDuration(text);
	if (ms === undefined || ms < 0) {
		throw new UsageError(`"${text}" is not a duration such as 30s, 1h30m or 500ms`);
	}
	return ms;
}

/** A whole number within limits. */
export function parseInteger(text: string, min: number, max: number): number {
	const value = Number(text);
	if (!/^\d+$/.test(text) || value < min || value > max) {
		throw new UsageError(`"${text}" is not a whole number from ${min} to ${max}`);
	}
	return value;
}

/** "61000-65535" */
export function parsePortRange(text: string): PortRange {
	const match = /^(\d+)-(\d+)$/.exec(text);
	if (match === null) throw new UsageError(`"${text}" is not a port range such as 61000-65535`);
	const first = parseInteger(match[1] ?? "", 1, 65535);
	const last = parseInteger(match[2] ?? "", 1, 65535);
	if (first > last) throw new UsageError(`port range "${text}" ends before it begins`);
	return { first, last };
}

/**
 * "0.0.0.0:10256", "[::]:10256", "10.0.0.1" (with the default port) or "" (not served), as
 * kube-proxy reads its bind addresses.
 */
export function parseBindAddress(text: string, defaultPort: number): BindAddress | undefined {
	if (text === "") return undefined;
	const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
	if (isIP(bare) !== 0) return { host: bare, port: defaultPort };
	const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
	const host = match?.[1] ?? match?.[2] ?? "";
	if (match === null || isIP(host) === 0) {
		throw new UsageError(`"${text}" is not an address with a port, such as 127.0.0.1:10256`);
	}
	return { host, port: parseInteger(match[3] ?? "", 0, 65535) };
}

/** "veth*,lxc?" as a list; empty text: empty list. */
export function parsePatterns(text: string): string[] {
	const patterns = text.split(",").map((pattern) => pattern.trim());
	return patterns.filter((pattern) => pattern !== "");
}

/** "on"/"off", and Go's "true"/"false". */
export function parseSwitch(text: string): boolean {
	const value = text.toLowerCase();
	if (["on", "true", "t", "1"].includes(value)) return true;
	if (["off", "false", "f", "0"].includes(value)) return false;
	throw new UsageError(`"${text}" is neither on nor off`);
}

/** Runs a parser and puts the flag's name before its complaint. */
export function within<T>(flag: string, parse: () => T): T {
	try {
		return parse();
	} catch (error) {
		if (error instanceof UsageError) throw new UsageError(`${flag}: ${error.message}`);
		throw error;
	}
}
