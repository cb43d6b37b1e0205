/**
 * Keeps attachments: told by rtnetlink of devices and filters, by a thread of the addon of links
 * that are detached, by the file system of pins that are gone. Looks at everything by itself only
 * now and then, and judges once a second whether redirecting is allowed.
 */

import { type FSWatcher, watch } from "node:fs";
import { setImmediate } from "node:timers/promises";
import type { Addon, LinkWatch, NetlinkEvent, NetlinkMonitor } from "../dataplane/addon.ts";
import { reasonOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { HealthState } from "../serve/health.ts";
import type { SocketHooks } from "./datapath.ts";
import type { Devices } from "./devices.ts";

type Part = "devices" | "network" | "redirecting" | "sockets";

export interface WatchmanDeps {
	readonly addon: Addon;
	readonly devices: Devices;
	readonly sockets: SocketHooks;
	/** Folder of the pinned links. */
	readonly linkPins: string;
	readonly health: HealthState;
	/** Told of all that rtnetlink tells. */
	readonly onEvents: (events: readonly NetlinkEvent[]) => void;
	readonly log: Logger;
}

/** Links that the addon asks at a time: 1.6 ms of CPU time a second at most; all of 160 within 0.4 s. */
const LINKS = { periodMs: 40, atOnce: 16 };
const JUDGE_MS = 1000;
/** Between two looks at everything, for what nobody told of. */
const LOOK_MS = 5000;
/** Before what failed is tried again; doubled each time up to the most. */
const RETRY_MS = { least: 40, most: 1000 };

export class Watchman {
	readonly #deps: WatchmanDeps;
	#monitor: NetlinkMonitor | undefined;
	#links: LinkWatch | undefined;
	#pins: FSWatcher | undefined;
	#timers: NodeJS.Timeout[] = [];
	#retry: NodeJS.Timeout | undefined;
	#retryMs = RETRY_MS.least;
	#socketsAttached = false;
	#refreshing = false;
	/** The last look at the network went well. */
	#looked = false;
	#again = false;
	#judging = false;
	#repairing = false;
	/** Devices to look at, by ifindex. */
	#suspects = new Set<number>();
	/** All of them, and the sockets. */
	#suspectAll = false;

	constructor(deps: WatchmanDeps) {
		this.#deps = deps;
	}

	/** Attaches everything and keeps it attached. A second call does nothing. */
	async start(): Promise<void> {
		if (this.#monitor !== undefined) return;
		const { addon, log } = this.#deps;
		// Subscribed before the first look, so that nothing in between is missed.
		const topics = ["links", "addresses", "routes", "filters"] as const;
		this.#monitor = new addon.NetlinkMonitor(topics, (events) => this.#hear(events));
		this.#links = new addon.LinkWatch(() => this.#repairAll(), LINKS);
		this.#watchPins();
		await this.#attachSockets();
		await this.#refresh();
		if (this.#monitor === undefined) return;
		this.#timers = [
			setInterval(() => void this.#judge(), JUDGE_MS),
			setInterval(() => this.#repairAll(), LOOK_MS),
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
		clearTimeout(this.#retry);
		this.#pins?.close();
		this.#links?.close();
		this.#links = undefined;
		this.#monitor?.close();
		this.#monitor = undefined;
	}

	#hear(events: readonly NetlinkEvent[]): void {
		this.#deps.onEvents(events);
		for (const event of events)
			if (event.kind === "filters-removed") this.#suspects.add(event.ifindex);
		if (events.some(mayMatter)) this.refreshSoon();
		if (events.some(({ kind }) => kind === "overrun")) this.#suspectAll = true;
		void this.#repair();
	}

	/** Agents that replace pins themselves are told of that, too: a look too many. */
	#watchPins(): void {
		try {
			this.#pins = watch(this.#deps.linkPins, () => this.#repairAll());
			this.#pins.on("error", () => this.#pins?.close());
		} catch (error) {
			const reason = reasonOf(error);
			this.#deps.log.warn({ reason }, "pins are looked at now and then only");
		}
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
		this.#follow();
		void this.#repair();
	}

	/** A refresh judges by itself. */
	async #judge(): Promise<void> {
		if (this.#refreshing || this.#judging) return;
		this.#judging = true;
		await this.#try("redirecting", () => this.#deps.devices.judge());
		await this.#try("devices", () => this.#deps.devices.attachMissing());
		this.#judging = false;
	}

	#repairAll(): void {
		this.#suspectAll = true;
		void this.#repair();
	}

	/** Looks at what is suspected until nothing is, and puts back what is missing. */
	async #repair(): Promise<void> {
		if (this.#refreshing || this.#repairing) return;
		this.#repairing = true;
		while (this.#monitor !== undefined && (this.#suspectAll || this.#suspects.size > 0)) {
			const [all, some] = [this.#suspectAll, this.#suspects];
			this.#suspectAll = false;
			this.#suspects = new Set();
			// What is told of in this turn of the event loop is one look.
			await setImmediate();
			await this.#try("devices", () => this.#deps.devices.repair(all ? undefined : some));
			if (all && this.#socketsAttached) await this.#try("sockets", () => this.#repairSockets());
		}
		this.#repairing = false;
		this.#follow();
	}

	/** To be called after attachments may have changed: has them watched, and what failed tried again. */
	#follow(): void {
		if (this.#monitor === undefined) return;
		const { devices, sockets } = this.#deps;
		this.#links?.watch([...devices.links, ...sockets.links]);
		if (this.#looked && this.#socketsAttached) {
			this.#retryMs = RETRY_MS.least;
			return;
		}
		clearTimeout(this.#retry);
		this.#retry = setTimeout(() => void this.#tryAgain(), this.#retryMs);
		this.#retryMs = Math.min(RETRY_MS.most, 2 * this.#retryMs);
	}

	async #tryAgain(): Promise<void> {
		if (!this.#socketsAttached) await this.#attachSockets();
		if (!this.#looked) this.refreshSoon();
		else this.#follow();
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
			const reason = reasonOf(error);
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
	if (event.kind === "filters-removed") return false;
	return event.kind !== "route" || event.route.prefixLength === 0;
}
