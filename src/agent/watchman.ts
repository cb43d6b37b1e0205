/**
 * Keeps attachments: follows rtnetlink, looks at what is attached many times a second, and judges
 * once a second whether redirecting is allowed.
 */
import { setImmediate } from "node:timers/promises";
import type { Addon, NetlinkMonitor } from "../dataplane/addon.ts";
import type { Logger } from "../log.ts";
import type { HealthState } from "../serve/health.ts";
import type { SocketHooks } from "./datapath.ts";
import type { Devices } from "./devices.ts";

type Part = "devices" | "sockets";

export interface WatchmanDeps {
	readonly addon: Addon;
	readonly devices: Devices;
	readonly sockets: SocketHooks;
	readonly health: HealthState;
	readonly log: Logger;
}

const REPAIR_MS = 40;
const JUDGE_MS = 1000;

export class Watchman {
	readonly #deps: WatchmanDeps;
	#monitor: NetlinkMonitor | undefined;
	#timers: NodeJS.Timeout[] = [];
	#refreshing = false;
	#again = false;
	#judging = false;
	#repairing = false;

	constructor(deps: WatchmanDeps) {
		this.#deps = deps;
	}

	/** Attaches everything and keeps it attached. A second call does nothing. */
	async start(): Promise<void> {
		if (this.#monitor !== undefined) return;
		const { addon, log, sockets } = this.#deps;
		// Subscribed before the first look, so that nothing in between is missed.
		this.#monitor = new addon.NetlinkMonitor(["links", "addresses", "routes"], () =>
			this.refreshSoon(),
		);
		this.#guard("sockets", () => sockets.attach());
		await this.#refresh();
		this.#timers = [
			setInterval(() => void this.#repair(), REPAIR_MS),
			setInterval(() => void this.#judge(), JUDGE_MS),
		];
		log.info({ devices: this.#deps.devices.served.map(({ name }) => name) }, "attached");
	}

	/** Looks at the network again; once more after a look that has begun already. */
	refreshSoon(): void {
		if (this.#monitor === undefined) return;
		if (this.#refreshing) this.#again = true;
		else void this.#refresh();
	}

	stop(): void {
		for (const timer of this.#timers) clearInterval(timer);
		this.#monitor?.close();
		this.#monitor = undefined;
	}

	async #refresh(): Promise<void> {
		this.#refreshing = true;
		do {
			this.#again = false;
			// Notifications come in bursts: one look serves those of this turn of the event loop.
			await setImmediate();
			if (this.#monitor === undefined) break;
			await this.#deps.devices.refresh().then(
				() => this.#note("devices"),
				(error: unknown) => this.#note("devices", error),
			);
		} while (this.#again);
		this.#refreshing = false;
	}

	/** A refresh judges by itself. */
	async #judge(): Promise<void> {
		if (this.#refreshing || this.#judging) return;
		this.#judging = true;
		await this.#deps.devices.judge().then(
			() => this.#note("devices"),
			(error: unknown) => this.#note("devices", error),
		);
		this.#judging = false;
	}

	/** Asks and puts back, one round at a time; a refresh attaches by itself. */
	async #repair(): Promise<void> {
		if (this.#refreshing || this.#repairing) return;
		this.#repairing = true;
		const { devices, log, sockets } = this.#deps;
		await devices.repair().then(
			() => this.#note("devices"),
			(error: unknown) => this.#note("devices", error),
		);
		await sockets.repair().then(
			(hooks) => {
				this.#note("sockets");
				for (const hook of hooks) {
					log.warn({ hook }, "a socket hook was detached and is put back");
				}
			},
			(error: unknown) => this.#note("sockets", error),
		);
		this.#repairing = false;
	}

	/** Runs a step and notes how its part fares. */
	#guard(part: Part, step: () => void): void {
		try {
			step();
			this.#note(part);
		} catch (error) {
			this.#note(part, error);
		}
	}

	/** Tells health how a part fares: its own failure, or that of single devices. */
	#note(part: Part, error?: unknown): void {
		const { devices, health, log } = this.#deps;
		if (error === undefined) {
			const failures = [...devices.failures].map(([name, reason]) => `${name}: ${reason}`);
			health.setProblem(part, part === "devices" ? failures.join("; ") : "");
			return;
		}
		const reason = error instanceof Error ? error.message : String(error);
		if (!health.problems.some((problem) => problem.reason === reason)) {
			log.error({ part, reason }, "attachments cannot be kept");
		}
		health.setProblem(part, reason);
	}
}
