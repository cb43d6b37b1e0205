/** Socket hooks: one pinned cgroup link per hook, updated in place, never detached. */
import { existsSync, rmSync, statSync } from "node:fs";
import { hasCode, isNotFound } from "../errors.ts";
import type { Addon, BpfLink, BpfProgram } from "./addon.ts";
import { type PinPaths, replacePin } from "./pins.ts";

/** Hook (as in SEC("cgroup/<hook>")) and the program of the object that serves it. */
export const SOCKET_HOOKS: readonly { readonly hook: string; readonly program: string }[] = [
	"connect4",
	"connect6",
	"sendmsg4",
	"sendmsg6",
	"recvmsg4",
	"recvmsg6",
	"getpeername4",
	"getpeername6",
]
	.map((hook) => ({ hook, program: `sock_${hook}` }))
	.concat({ hook: "sock_release", program: "sock_release" });

export class CgroupAttacher {
	readonly #addon: Addon;
	readonly #pins: PinPaths;
	readonly #cgroup: string;
	readonly #links = new Map<string, { readonly link: BpfLink; readonly program: BpfProgram }>();

	constructor(addon: Addon, pins: PinPaths, cgroup: string) {
		this.#addon = addon;
		this.#pins = pins;
		this.#cgroup = cgroup;
	}

	/** Attaches, or puts `program` in place of what our pinned link runs. */
	attach(hook: string, program: BpfProgram): void {
		const path = this.#pins.cgroupLink(hook);
		const link = this.#adopt(path, program) ?? this.#create(hook, path, program);
		this.#links.set(hook, { link, program });
	}

	/** Puts links back that somebody has detached, and pins. Returns the hooks that were missing. */
	async repair(): Promise<string[]> {
		for (const [hook, { link }] of this.#links) {
			const path = this.#pins.cgroupLink(hook);
			if (!existsSync(path)) link.pin(path);
		}
		const links = [...this.#links];
		const attached = await this.#addon.linksAttached(links.map(([, { link }]) => link));
		const missing = links.filter((_, i) => attached[i] === false);
		for (const [hook, { link, program }] of missing) {
			// The old link is kept until there is a new one: without it nobody would try again.
			this.attach(hook, program);
			link.close();
		}
		return missing.map(([hook]) => hook);
	}

	/** Socket translation is off: removes what an earlier agent attached. */
	remove(): void {
		for (const { hook } of SOCKET_HOOKS) removeLink(this.#addon, this.#pins.cgroupLink(hook));
		this.#links.clear();
	}

	get links(): readonly BpfLink[] {
		return [...this.#links.values()].map(({ link }) => link);
	}

	get attached(): readonly string[] {
		return [...this.#links.keys()];
	}

	#adopt(path: string, program: BpfProgram): BpfLink | undefined {
		const link = openLink(this.#addon, path);
		if (link === undefined) return undefined;
		// The id of a cgroup is the inode number of its directory.
		const same = link.info.cgroupId === statSync(this.#cgroup, { bigint: true }).ino;
		if (same && updateLink(link, program)) return link;
		link.detach();
		link.close();
		return undefined;
	}

	#create(hook: string, path: string, program: BpfProgram): BpfLink {
		const link = this.#addon.BpfLink.attachCgroup(program, {
			cgroup: this.#cgroup,
			attachType: `cgroup/${hook}`,
		});
		replacePin(path, link);
		return link;
	}
}

/** The pinned link; undefined when there is none. */
export function openLink(addon: Addon, path: string): BpfLink | undefined {
	try {
		return addon.BpfLink.fromPin(path);
	} catch (error) {
		if (isNotFound(error)) return undefined;
		throw error;
	}
}

/** False when the link's device or cgroup is gone, or somebody detached it. */
export function updateLink(link: BpfLink, program: BpfProgram): boolean {
	try {
		link.update(program);
		return true;
	} catch (error) {
		if (hasCode(error, "ENOLINK")) return false;
		throw error;
	}
}

/** Detaches and unpins; nothing happens when there is no such link. */
export function removeLink(addon: Addon, path: string): void {
	const link = openLink(addon, path);
	if (link === undefined) return;
	link.detach();
	link.close();
	rmSync(path, { force: true });
}
