import { type Logger, pino } from "pino";

export type { Logger } from "pino";

export interface LogOptions {
	/** As klog's -v: 0 and 1 info, 2 and 3 debug, 4 and more trace. */
	readonly verbosity: number;
	/** Readable lines instead of JSON, for a terminal. */
	readonly pretty: boolean;
	/** Where lines go; standard error by default, which leaves standard output to results. */
	readonly destination?: LogDestination;
}

export interface LogDestination {
	write(line: string): void;
}

const STANDARD_ERROR: LogDestination = {
	write: (line) => {
		process.stderr.write(line);
	},
};

/** The root logger. JSON lines have level, time (ms since 1970), msg, and fields. */
export async function createLogger(options: LogOptions): Promise<Logger> {
	const destination = options.destination ?? STANDARD_ERROR;
	return pino(
		{
			level: levelOf(options.verbosity),
			base: null,
			formatters: { level: (label) => ({ level: label }) },
			redact: { paths: SECRET_FIELDS, censor: REDACTED },
			hooks: { streamWrite: redactTokens },
		},
		options.pretty ? await prettyStream(destination) : destination,
	);
}

/** A logger that writes nothing, for tests and tools. */
export function silentLogger(): Logger {
	return pino({ level: "silent" });
}

/** The level of klog's verbosity. */
export function levelOf(verbosity: number): "info" | "debug" | "trace" {
	if (verbosity >= 4) {
		return "trace";
	}
	return verbosity >= 2 ? "debug" : "info";
}

const REDACTED = "[redacted]";
const SECRET_NAMES = ["authorization", "Authorization", "token", "password", "keyData"];
const SECRET_FIELDS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Tokens inside of texts, such as an error message that quotes a request's header. */
function redactTokens(line: string): string {
	return line.replaceAll(/\b(Bearer|Basic) [\w.~+/=-]{8,}/g, `$1 ${REDACTED}`);
}

/** Loaded when needed only: an agent that writes JSON need not hold it in memory. */
async function prettyStream(destination: LogDestination): Promise<LogDestination> {
	const { prettyFactory } = await import("pino-pretty");
	const colorize = process.stderr.isTTY && process.stderr.hasColors();
	const format = prettyFactory({ colorize, singleLine: true });
	return { write: (line) => destination.write(String(format(line))) };
}
