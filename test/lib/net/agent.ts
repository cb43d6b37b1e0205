import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { loadAddon } from "../../../src/dataplane/addon.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { agentCommand, SLUICE } from "./agent-command.ts";
import { makeCgroup } from "./cgroup.ts";
import { until } from "./command.ts";
import type { Lab } from "./lab.ts";
import type { LabNode } from "./node.ts";
import { Place } from "./place.ts";
import type { RunningProcess } from "./process.ts";

/** Asks the agent's health endpoint from inside its namespace until it answers 200. One process, for its start is slow. */
const UNTIL_HEALTHY = `
	const ask = () => fetch("http://127.0.0.1:10256/livez").then(
		(answer) => answer.ok || setTimeout(ask, 20),
		() => setTimeout(ask, 20),
	);
	ask();
`;

/** `sluice agent` on a node of a lab: its own pins, its own cgroup. */
export class Agent {
	readonly node: LabNode;
	/** Everything that the agent has logged. */
	readonly logFile: string;
	readonly #place: Place;
	readonly #argv: string[];
	#process: RunningProcess | undefined;

	/**
	 * Agents run in the node's namespace, but outside the cgroup they serve.
	 *
	 * @param source --manifests or --kubeconfig
	 */
	constructor(lab: Lab, node: LabNode, source: string, flags: readonly string[] = []) {
		const cgroup = makeCgroup(join(lab.cgroup, `agent-${node.name}`));
		this.node = node;
		this.logFile = join(lab.directory, `agent-${node.name}.log`);
		this.#place = lab.own(new Place(node.place.netns, cgroup));
		this.#argv = agentCommand(node, source, flags);
	}

	/** Starts it and waits until it has synced everything; `flags` are added to those it was made with. */
	async start(flags: readonly string[] = []): Promise<void> {
		const env = { SLUICE_NODE: process.execPath };
		const running = this.#place.startLogged(this.logFile, [...this.#argv, ...flags], env);
		this.#process = running;
		const asking = this.node.place.start([process.execPath, "-e", UNTIL_HEALTHY]);
		const healthy = () => asking.ended || running.ended || undefined;
		const ready = await until("the agent is healthy", healthy, 30_000).catch(() => false);
		asking.kill();
		if (!ready || running.ended) {
			throw new Error(`the agent of ${this.node.name} is not healthy:\n${this.log}`);
		}
	}

	/** The next start runs the sluice built in that directory. */
	useRelease(root: string): void {
		this.#argv[0] = join(root, "bin/sluice");
	}

	/** SIGTERM: leaves the datapath in place. */
	async stop(): Promise<number> {
		return (await this.#process?.stop("SIGTERM")) ?? 0;
	}

	/** SIGKILL. */
	async kill(): Promise<void> {
		await this.#process?.stop("SIGKILL");
	}

	/** The end of its log. */
	get log(): string {
		return readFileSync(this.logFile, "utf8").slice(-6000);
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

	/** What is attached at the node: pinned links and clsact filters, with the ids of their programs. */
	attached(): string {
		const addon = loadAddon();
		const directory = new PinPaths(this.node.pinPath).links;
		const links = readdirSync(directory).map((name) => {
			const link = addon.BpfLink.fromPin(join(directory, name));
			const { programId } = link.info;
			link.close();
			return `${name} ${programId}`;
		});
		return [...links, this.node.place.run(["bpftool", "net", "show"])].join("\n");
	}
}
