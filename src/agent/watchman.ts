/**
 * Keeps attachments: follows rtnetlink, looks at what is attached many times a second, and judges
 * once a second whether redirecting is allowed.
 */
import type { Addon, NetlinkMonitor } from "../dataplane/addon.ts";
import type { Logger } from "../log.ts";
import type { HealthState } from "../serve/health.ts";
import type { SocketHooks } from "./datapath.ts";
import type { Devices } from "./devices.ts";

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
	#refreshPlanned = false;

	constructor(deps: WatchmanDeps) {
		this.#deps = deps;
	}

	/** Attaches everything and keeps it attached. A second call does nothing. */
	start(): void {
		if (this.#monitor !== undefined) return;
		const { addon, log, sockets } = this.#deps;
		// Subscribed before the first look, so that nothing in between is missed.
		this.#monitor = new addon.NetlinkMonitor(["links", "addresses", "routes"], () =>
			this.refreshSoon(),
		);
		this.#guard("devices", () => this.#deps.devices.refresh());
		this.#guard("sockets", () => sockets.attach());
		this.#timers = [
			setInterval(() => this.#repair(), REPAIR_MS),
			setInterval(() => this.#guard("devices", () => this.#deps.devices.judge()), JUDGE_MS),
		];
		log.info({ devices: this.#deps.devices.served.map(({ name }) => name) }, "attached");
	}

	/** Looks at the network again, once for all notifications of this turn of the event loop. */
	refreshSoon(): void {
		if (this.#monitor === undefined || this.#refreshPlanned) return;
		this.#refreshPlanned = true;
		setImmediate(() => {
			this.#refreshPlanned = false;
			if (this.#monitor !== undefined) this.#guard("devices", () => this.#deps.devices.refresh());
		});
	}

	stop(): void {
		for (const timer of this.#timers) clearInterval(timer);
		this.#monitor?.close();
		this.#monitor = undefined;
	}

	#repair(): void {
		this.#guard("devices", () => this.#deps.devices.repair());
		this.#guard("sockets", () => {
			for (const hook of this.#deps.sockets.repair()) {
				this.#deps.log.warn({ hook }, "a socket hook was detached and is put back");
			}
		});
	}

	/** Runs a step; its failure, or a device's, is what health says of that part. */
	#guard(part: "devices" | "sockets", step: () => void): void {
		const { devices, health, log } = this.#deps;
		try {
			step();
			const failures = [...devices.failures].map(([name, reason]) => `${name}: ${reason}`);
			health.setProblem(part, part === "devices" ? failures.join("; ") : "");
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			if (!health.problems.some((problem) => problem.reason === reason)) {
				log.error({ part, reason }, "attachments cannot be kept");
			}
			health.setProblem(part, reason);
		}
	}
}
