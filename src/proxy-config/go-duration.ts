/** Durations as Go's time package reads and writes them. */

const UNIT_NS: Readonly<Record<string, number>> = {
	ns: 1,
	us: 1000,
	// Micro sign and Greek mu.
	"\u00b5s": 1000,
	"\u03bcs": 1000,
	ms: 1_000_000,
	s: 1_000_000_000,
	m: 60_000_000_000,
	h: 3_600_000_000_000,
};
/** time.Duration has 64 bits. */
const MAX_NS = 2 ** 63;

/** "1h30m", "1.5h", "-5s" or "0" in ms, negative ones too; undefined: Go would refuse it. */
export function parseGoDuration(text: string): number | undefined {
	const [, sign = "", rest = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
	if (rest === "0") return 0;
	const parts = [...rest.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy)];
	const length = parts.reduce((sum, [part]) => sum + part.length, 0);
	if (length === 0 || length !== rest.length) return undefined;
	const ns = parts.reduce((sum, [, n, unit = ""]) => sum + Number(n) * (UNIT_NS[unit] ?? 0), 0);
	if (ns >= MAX_NS) return undefined;
	const ms = Math.floor(ns) / 1_000_000;
	return sign === "-" && ms !== 0 ? -ms : ms;
}

/** As Go's Duration.String(): "15m0s", "1.5s", "500ms", "0s". */
export function formatGoDuration(ms: number): string {
	const ns = Math.round(Math.abs(ms) * 1_000_000);
	const sign = ms < 0 ? "-" : "";
	if (ns === 0) return "0s";
	if (ns < 1000) return `${sign}${ns}ns`;
	if (ns < 1_000_000) return `${sign}${ns / 1000}\u00b5s`;
	if (ns < 1_000_000_000) return `${sign}${ns / 1_000_000}ms`;
	const minutes = Math.floor(ns / 60_000_000_000);
	const seconds = `${(ns % 60_000_000_000) / 1_000_000_000}s`;
	if (minutes === 0) return `${sign}${seconds}`;
	if (minutes < 60) return `${sign}${minutes}m${seconds}`;
	return `${sign}${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
