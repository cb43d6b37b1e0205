import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { command, until } from "./command.ts";
import type { LabNode } from "./node.ts";
import type { Place } from "./place.ts";
import type { RunningProcess } from "./process.ts";

const SLUICE = fileURLToPath(new URL("../../../bin/sluice", import.meta.url));

/** Asks the agent's health endpoint from inside its namespace; exit 0 when it answers 200. */
const HEALTH = `
	fetch("http://127.0.0.1:10256/livez")
		.then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1));
`;

/** `sluice agent` on a node of a lab: its own pins, its own cgroup. */
export class Agent {
	readonly node: LabNode;
	readonly #place: Place;
	readonly #argv: readonly string[];
	#process: RunningProcess | undefined;

	/** `place` is where the agent runs: the node's namespace, but outside the cgroup it serves. */
	constructor(node: LabNode, place: Place, source: readonly string[], flags: readonly string[]) {
		this.node = node;
		this.#place = place;
		this.#argv = [
			SLUICE,
			"agent",
			...source,
			`--hostname-override=${node.name}`,
			`--pin-path=${node.pinPath}`,
			`--cgroup-root=${node.cgroup}`,
			...flags,
		];
	}

	/** Starts it and waits until it has synced everything; `flags` are added to those it was made with. */
	async start(flags: readonly string[] = []): Promise<void> {
		const env = { SLUICE_NODE: process.execPath };
		const running = this.#place.start([...this.#argv, ...flags], env);
		this.#process = running;
		await until(
			`the agent of ${this.node.name} is healthy`,
			() => {
				if (running.ended) throw new Error(`the agent ended: ${running.stderr}`);
				return this.healthy() ? true : undefined;
			},
			30_000,
		).catch((error: unknown) => {
			const reason = error instanceof Error ? error.message : String(error);
			throw new Error(`${reason}\n${running.stderr.slice(-4000)}`);
		});
	}

	healthy(): boolean {
		try {
			this.node.place.run([process.execPath, "-e", HEALTH]);
			return true;
		} catch {
			return false;
		}
	}

	/** SIGTERM: leaves the datapath in place. */
	async stop(): Promise<number> {
		return (await this.#process?.stop("SIGTERM")) ?? 0;
	}

	/** SIGKILL. */
	async kill(): Promise<void> {
		await this.#process?.stop("SIGKILL");
	}

	/** Everything the agent has logged since its last start. */
	get log(): string {
		return this.#process?.stderr ?? "";
	}

	/** Runs another command of sluice on this agent's pins. */
	sluice(argv: readonly string[]): string {
		return this.node.place.run([
			"env",
			`SLUICE_NODE=${process.execPath}`,
			SLUICE,
			...argv,
			`--pin-path=${this.node.pinPath}`,
		]);
	}

	/** Programs that the node's devices run, as bpftool lists them. */
	attached(): string {
		return command([
			"nsenter",
			`--net=/run/netns/${this.node.place.netns}`,
			"bpftool",
			"net",
			"show",
		]);
	}
}

/** A cgroup beside those that are served, for an agent to run in. */
export function agentCgroup(labCgroup: string, node: LabNode): string {
	return join(labCgroup, `agent-${node.name}`);
}
