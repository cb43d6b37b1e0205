/**
 * Keeps attachments: follows rtnetlink, looks at what is attached many times a second, and judges
 * once a second whether redirecting is allowed.
 */
import { setImmediate } from "node:timers/promises";
import type { Addon, NetlinkEvent, NetlinkMonitor } from "../dataplane/addon.ts";
import type { Logger } from "../log.ts";
import type { HealthState } from "../serve/health.ts";
import type { SocketHooks } from "./datapath.ts";
import type { Devices } from "./devices.ts";

type Part = "devices" | "network" | "redirecting" | "sockets";

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
	#socketsAttached = false;
	#refreshing = false;
	/** The last look at the network went well. */
	#looked = false;
	#again = false;
	#judging = false;
	#repairing = false;

	constructor(deps: WatchmanDeps) {
		this.#deps = deps;
	}

	/** Attaches everything and keeps it attached. A second call does nothing. */
	async start(): Promise<void> {
		if (this.#monitor !== undefined) return;
		const { addon, log } = this.#deps;
		// Subscribed before the first look, so that nothing in between is missed.
		this.#monitor = new addon.NetlinkMonitor(["links", "addresses", "routes"], (events) => {
			if (events.some(mayMatter)) this.refreshSoon();
		});
		await this.#attachSockets();
		await this.#refresh();
		if (this.#monitor === undefined) return;
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
			this.#looked = await this.#try("network", () => this.#deps.devices.refresh());
			await this.#try("devices", () => undefined);
		} while (this.#again);
		this.#refreshing = false;
	}

	/** A refresh judges by itself. */
	async #judge(): Promise<void> {
		if (this.#refreshing || this.#judging) return;
		this.#judging = true;
		await this.#try("redirecting", () => this.#deps.devices.judge());
		await this.#try("devices", () => this.#deps.devices.attachMissing());
		this.#judging = false;
	}

	/** Asks and puts back, and tries again what failed before, one round at a time. */
	async #repair(): Promise<void> {
		if (this.#refreshing || this.#repairing) return;
		this.#repairing = true;
		if (!this.#looked) await this.#refresh();
		await this.#try("devices", () => this.#deps.devices.repair());
		if (this.#socketsAttached) await this.#try("sockets", () => this.#repairSockets());
		else await this.#attachSockets();
		this.#repairing = false;
	}

	async #attachSockets(): Promise<void> {
		this.#socketsAttached = await this.#try("sockets", () => this.#deps.sockets.attach());
	}

	async #repairSockets(): Promise<void> {
		for (const hook of await this.#deps.sockets.repair()) {
			this.#deps.log.warn({ hook }, "a socket hook was detached and is put back");
		}
	}

	/** Runs a step; false when it failed. Health is told how the part fares. */
	async #try(part: Part, step: () => Promise<void> | void): Promise<boolean> {
		const { devices, health, log } = this.#deps;
		try {
			await step();
			const failures = [...devices.failures].map(([name, reason]) => `${name}: ${reason}`);
			health.setProblem(part, part === "devices" ? failures.join("; ") : "");
			return true;
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			if (!health.problems.some((problem) => problem.reason === reason)) {
				log.error({ part, reason }, "attachments cannot be kept");
			}
			health.setProblem(part, reason);
			return false;
		}
	}
}

/** Of routes only default ones are looked at; a router's others may change all the time. */
function mayMatter(event: NetlinkEvent): boolean {
	return event.kind !== "route" || event.route.prefixLength === 0;
}
