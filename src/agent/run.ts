/** `sluice agent`: starts the agent and ends it on a signal. */
import type { AgentConfig, Environment } from "../config.ts";
import { createLogger } from "../log.ts";
import { Agent } from "./agent.ts";
import { lock } from "./lock.ts";
import { portRangeWarnings } from "./port-ranges.ts";
import { openSource } from "./source.ts";

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
	// Before it waits for another agent: whoever started it should hear of a mistake at once.
	const source = await openSource(config.source, config.nodeName, log);
	const ending = new AbortController();
	const ended = new Promise<string>((resolve) => {
		for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, resolve);
	});
	void ended.then(() => ending.abort());
	const { pinPath } = config;
	const onWait = () =>
		log.warn({ pinPath }, "another agent serves this pin path: waiting for its end");
	const held = await lock(pinPath, onWait, ending.signal);
	if (held === undefined) return;
	const agent = new Agent(config, source, log);
	try {
		held.answer(() => JSON.stringify(agent.report()));
		await agent.start(environment);
		const signal = await ended;
		log.info({ signal }, "ending; everything in the kernel stays in place");
	} finally {
		await agent.stop();
		held.release();
	}
}
