import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { loadAddon } from "../../../src/dataplane/addon.ts";
import { PinPaths } from "../../../src/dataplane/pins.ts";
import { makeCgroup } from "./cgroup.ts";
import { until } from "./command.ts";
import type { Lab } from "./lab.ts";
import type { LabNode } from "./node.ts";
import { Place } from "./place.ts";
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
		this.#argv = [
			SLUICE,
			"agent",
			source,
			`--hostname-override=${node.name}`,
			`--pin-path=${node.pinPath}`,
			`--cgroup-root=${node.cgroup}`,
			...flags,
		];
	}

	/** Starts it and waits until it has synced everything; `flags` are added to those it was made with. */
	async start(flags: readonly string[] = []): Promise<void> {
		const env = { SLUICE_NODE: process.execPath };
		const running = this.#place.startLogged(this.logFile, [...this.#argv, ...flags], env);
		this.#process = running;
		const healthy = () => this.healthy() || running.ended || undefined;
		const ready = await until("the agent is healthy", healthy, 30_000).catch(() => false);
		if (!ready || running.ended) {
			throw new Error(`the agent of ${this.node.name} is not healthy:\n${this.log}`);
		}
	}

	/** The next start runs the sluice built in that directory. */
	useRelease(root: string): void {
		this.#argv[0] = join(root, "bin/sluice");
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
