import { type Logger, pino } from "pino";

/** A logger whose messages a test can read, all levels together. */
export function recordingLogger(): { readonly log: Logger; readonly lines: () => string[] } {
	const written: string[] = [];
	const log = pino({ level: "trace" }, { write: (line: string) => void written.push(line) });
	return { log, lines: () => written.map((line) => String(JSON.parse(line).msg)) };
}
