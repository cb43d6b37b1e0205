/**
 * Follows the node's devices: attaches the programs to each one we serve, keeps the devices map and
 * the node's addresses right, and puts back what somebody removed.
 */
import { setImmediate } from "node:timers/promises";
import type { Addon, BpfLink } from "../dataplane/addon.ts";
import { foreignProgram, type OwnPrograms, type TcAttacher } from "../dataplane/attach-tc.ts";
import type { MapPort } from "../dataplane/port.ts";
import { hasCode, reasonOf } from "../errors.ts";
import type { Device } from "../layout/structs.ts";
import type { Logger } from "../log.ts";
import { deviceRecord, writeDevices } from "./device-map.ts";
import {
	type DevicePatterns,
	type NetworkView,
	type ServedDevice,
	servedDevices,
} from "./device-view.ts";
import { NetfilterReader } from "./netfilter-view.ts";
import { foreignHook } from "./redirect-policy.ts";

export interface DeviceDeps {
	readonly addon: Addon;
	readonly attacher: TcAttacher;
	readonly map: MapPort;
	readonly patterns: DevicePatterns;
	/** False: DEVICE_REDIRECT is never set. */
	readonly judgeRedirect: boolean;
	readonly log: Logger;
	/** The network as it is at a refresh, for the settings that depend on it. */
	readonly onView: (view: NetworkView) => void;
}

/** Devices checked between two turns of the event loop. */
const CHECKS = 32;
/** Devices whose programs are listed between two turns of the event loop. */
const JUDGED_AT_ONCE = 16;

export function readNetwork(addon: Addon): NetworkView {
	return {
		links: addon.links(),
		addresses: addon.addresses(),
		routes: addon.routes({ onlyDefault: true }),
	};
}

export class Devices {
	readonly #deps: DeviceDeps;
	readonly #netfilter: NetfilterReader;
	#served: readonly ServedDevice[] = [];
	#nodeAddresses: readonly string[] = [];
	/** Device name -> why its programs are not attached. */
	readonly #failures = new Map<string, string>();
	/** Why packets are not redirected, when it is logged; by device name. */
	#reasons = new Map<string, string>();
	#pruned = false;

	constructor(deps: DeviceDeps) {
		this.#deps = deps;
		this.#netfilter = new NetfilterReader(deps.addon);
	}

	get served(): readonly ServedDevice[] {
		return this.#served;
	}

	get failures(): ReadonlyMap<string, string> {
		return this.#failures;
	}

	/** Addresses of the Node object, which mark uplinks. */
	setNodeAddresses(addresses: readonly string[]): void {
		this.#nodeAddresses = addresses;
	}

	/**
	 * Reads the node's network and brings attachments and map in line with it. Attaching to a device
	 * for the first time takes the kernel tens of milliseconds: others get their turn in between.
	 * Not to be called again before it has resolved.
	 */
	async refresh(): Promise<void> {
		const { addon, attacher, patterns, onView } = this.#deps;
		const view = readNetwork(addon);
		onView(view);
		this.#served = servedDevices(view, patterns, this.#nodeAddresses);
		// The map first: a program that runs on a device must find the device.
		await this.judge();
		const wanted = new Set(this.#served.map(({ ifindex }) => ifindex));
		for (const { ifindex } of attacher.attached) {
			if (!wanted.has(ifindex)) attacher.detach(ifindex);
		}
		const names = new Set(this.#served.map(({ name }) => name));
		for (const name of this.#failures.keys()) if (!names.has(name)) this.#failures.delete(name);
		for (const { ifindex, name } of this.#served) attacher.rename(ifindex, name);
		await this.attachMissing();
		if (!this.#pruned) attacher.prune();
		this.#pruned = true;
	}

	/** Attaches to devices that are served and lack our programs, with a pause after each. */
	async attachMissing(): Promise<void> {
		const present = new Set(this.#deps.attacher.attached.map(({ ifindex }) => ifindex));
		for (const device of this.#served.filter(({ ifindex }) => !present.has(ifindex))) {
			this.#attach(device);
			await setImmediate();
		}
	}

	/**
	 * Writes the devices map, with the answer whether redirecting would bypass somebody. Others get
	 * their turn in between; when a refresh has found other devices meanwhile, it judges by itself.
	 */
	async judge(): Promise<void> {
		const served = this.#served;
		const reasons = await this.#foreignUsers(served);
		if (served !== this.#served) return;
		const records = new Map<number, Device>();
		for (const device of served) {
			records.set(device.ifindex, deviceRecord(device, !reasons.has(device.name)));
		}
		if (this.#deps.judgeRedirect) this.#logReasons(reasons);
		this.#reasons = reasons;
		writeDevices(this.#deps.map, records);
	}

	/** Device name -> why its packets must go through the stack. */
	async #foreignUsers(served: readonly ServedDevice[]): Promise<Map<string, string>> {
		const { attacher, judgeRedirect } = this.#deps;
		const hook = judgeRedirect ? foreignHook(this.#netfilter.read()) : "not asked for";
		if (hook !== undefined) return new Map(served.map(({ name }) => [name, hook]));
		const reasons = new Map<string, string>();
		for (const [i, { ifindex, name }] of served.entries()) {
			const reason = this.#foreignOn(ifindex, attacher.own);
			if (reason !== undefined) reasons.set(name, reason);
			if (i % JUDGED_AT_ONCE === JUDGED_AT_ONCE - 1) await setImmediate();
		}
		return reasons;
	}

	/**
	 * Puts back programs that somebody removed, from all devices or from those with that ifindex. Not
	 * to be called again before it has resolved.
	 */
	async repair(only?: ReadonlySet<number>): Promise<void> {
		const { attacher, log } = this.#deps;
		const all = attacher.attached.map(({ ifindex }) => ifindex);
		const suspects = only === undefined ? all : all.filter((ifindex) => only.has(ifindex));
		for (let next = 0; next < suspects.length; next += CHECKS) {
			for (const ifindex of await attacher.findBroken(suspects.slice(next, next + CHECKS))) {
				const device = this.#served.find((one) => one.ifindex === ifindex);
				if (device === undefined || !this.#attach(device)) continue;
				log.warn({ device: device.name }, "programs were removed from a device and are put back");
			}
		}
	}

	/** What is attached to the devices. */
	get links(): readonly BpfLink[] {
		return this.#deps.attacher.links;
	}

	/** Why a device's packets are not redirected; empty while forwarding is not auto. */
	get redirectReasons(): ReadonlyMap<string, string> {
		return this.#reasons;
	}

	#foreignOn(ifindex: number, own: OwnPrograms): string | undefined {
		try {
			return foreignProgram(this.#deps.addon, ifindex, own);
		} catch (error) {
			return `its programs cannot be listed: ${(error as Error).message}`;
		}
	}

	#attach(device: ServedDevice): boolean {
		const { attacher, log } = this.#deps;
		const { ifindex, name } = device;
		// lo's ingress sees packets a second time.
		const directions =
			device.kind === "loopback" ? (["egress"] as const) : (["ingress", "egress"] as const);
		try {
			attacher.attach({ ifindex, name, directions });
			if (this.#failures.delete(name) || log.isLevelEnabled("debug")) {
				log.info({ device: name, kind: device.kind }, "device served");
			}
			return true;
		} catch (error) {
			if (hasCode(error, "ENODEV")) return false;
			const reason = reasonOf(error);
			if (this.#failures.get(name) !== reason) {
				log.error({ device: name, reason }, "programs cannot be attached to a device");
			}
			this.#failures.set(name, reason);
			return false;
		}
	}

	#logReasons(reasons: ReadonlyMap<string, string>): void {
		for (const [device, reason] of reasons) {
			if (this.#reasons.get(device) !== reason) {
				this.#deps.log.debug({ device, reason }, "packets of this device go through the stack");
			}
		}
	}
}
