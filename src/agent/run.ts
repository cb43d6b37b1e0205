/** `sluice agent`: starts the agent and ends it on a signal. */
import type { AgentConfig, Environment } from "../config.ts";
import { createLogger, type Logger } from "../log.ts";
import { RestClientMetrics } from "../serve/rest-client-metrics.ts";
import { Agent } from "./agent.ts";
import { AgentEvents } from "./events.ts";
import type { FileFollower } from "./file-follower.ts";
import { lock } from "./lock.ts";
import { setOomScore } from "./oom-score.ts";
import { portRangeWarnings } from "./port-ranges.ts";
import { Reconfiguration, type ReconfigurationDeps } from "./reconfiguration.ts";
import { openSource } from "./source.ts";

export interface RunOptions {
	/** Sentences for the log. */
	readonly warnings: readonly string[];
	/** The file that the configuration is from, if any, and how it is read again. */
	readonly file: { readonly path: string; readonly load: ReconfigurationDeps["load"] } | undefined;
}

/** Resolves after SIGTERM or SIGINT, with everything left in place; rejects when the start fails. */
export async function runAgent(
	config: AgentConfig,
	environment: Environment,
	{ warnings, file }: RunOptions,
): Promise<void> {
	const log = await createLogger({
		verbosity: config.verbosity,
		pretty: process.stderr.isTTY === true,
	});
	for (const warning of [...warnings, ...portRangeWarnings(config.masqueradePorts)]) {
		log.warn(warning);
	}
	adjustOomScore(config, log);
	// Before it waits for another agent: whoever started it should hear of a mistake at once.
	const requests = new RestClientMetrics();
	const { source, events: sink } = await openSource(config.source, config.nodeName, log, requests);
	const events = new AgentEvents(sink, config.nodeName);
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
	const agent = new Agent(config, { source, events, requests }, log);
	let follower: FileFollower | undefined;
	try {
		held.answer(() => JSON.stringify(agent.report()));
		await agent.start(environment);
		events.starting();
		if (file !== undefined) follower = await followFile(file, { config, agent, events, log });
		const signal = await ended;
		log.info({ signal }, "ending; everything in the kernel stays in place");
	} finally {
		await follower?.stop();
		await agent.stop();
		held.release();
	}
}

interface Running {
	/** What it was started with. */
	readonly config: AgentConfig;
	readonly agent: Agent;
	readonly events: AgentEvents;
	readonly log: Logger;
}

async function followFile(
	{ path, load }: NonNullable<RunOptions["file"]>,
	{ config, agent, events, log }: Running,
): Promise<FileFollower> {
	const { FileFollower } = await import("./file-follower.ts");
	const reconfiguration = new Reconfiguration({
		config,
		load,
		apply: (changed) => {
			agent.reconfigure(changed);
			adjustOomScore(changed, log);
		},
		onRefused: (reason) => events.reloadFailed(reason),
		log,
	});
	const follower = new FileFollower({
		file: path,
		onContent: () => reconfiguration.look(),
		onError: (reason) => log.error({ reason, file: path }, "the configuration cannot be watched"),
	});
	follower.start();
	return follower;
}

/** Without the right to do so, it is as whoever started this process wants it. */
function adjustOomScore({ oomScoreAdj }: AgentConfig, log: Logger): void {
	const reason = setOomScore(oomScoreAdj);
	if (reason !== "") log.debug({ reason }, "oom_score_adj stays as it is");
}
