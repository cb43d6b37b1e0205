/** `sluice agent`: starts the agent and ends it on a signal. */
import type { AgentConfig, Environment } from "../config.ts";
import { createLogger } from "../log.ts";
import { Agent } from "./agent.ts";
import { lock } from "./lock.ts";
import { portRangeWarnings } from "./port-ranges.ts";

/** Resolves after SIGTERM or SIGINT, with everything left in place; rejects when the start fails. */
export async function runAgent(
	config: AgentConfig,
	environment: Environment,
	warnings: readonly string[],
): Promise<void> {
	const log = await createLogger({
		verbosity: config.verbosity,
		pretty: process.stderr.isTTY === true,
	});
	for (const warning of [...warnings, ...portRangeWarnings(config.masqueradePorts)]) {
		log.warn(warning);
	}
	const ended = new Promise<string>((resolve) => {
		for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
	});
	const held = await lock(config.pinPath, () =>
		log.warn(
			{ pinPath: config.pinPath },
			"another agent serves this pin path: waiting for its end",
		),
	);
	const agent = new Agent(config, log);
	try {
		await agent.start(environment);
		const signal = await ended;
		log.info({ signal }, "ending; everything in the kernel stays in place");
	} finally {
		await agent.stop();
		held.release();
	}
}
