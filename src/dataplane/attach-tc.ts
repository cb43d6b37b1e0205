/**
 * Programs on network devices, by TCX links (pinned, updated in place) or clsact filters (replaced
 * in place). Nothing is ever detached for an update: a gap would let replies leave untranslated.
 */
import { existsSync, rmSync } from "node:fs";
import { hasCode } from "../errors.ts";
import type { Addon, BpfLink, BpfProgram, Direction } from "./addon.ts";
import { openLink, updateLink } from "./attach-cgroup.ts";
import { listPins, type PinPaths, replacePin } from "./pins.ts";

/** How our clsact filters are known: handle and priority. "slui" as a number. */
export const CLSACT_HANDLE = 0x736c7569;
/**
 * Ours is first at ingress and last at egress, so that other filters see the flow between client
 * and backend.
 */
export const CLSACT_PRIORITY: Readonly<Record<Direction, number>> = { ingress: 50, egress: 65000 };

export interface TcPrograms {
	readonly ingress: BpfProgram;
	readonly egress: BpfProgram;
}

/** Kernel ids. */
export interface OwnPrograms {
	readonly programs: ReadonlySet<number>;
	readonly links: ReadonlySet<number>;
}

export interface TcTarget {
	readonly ifindex: number;
	readonly name: string;
	readonly directions: readonly Direction[];
}

type Attachment = {
	readonly target: TcTarget;
	readonly links: Map<Direction, BpfLink | undefined>;
};

export class TcAttacher {
	readonly #addon: Addon;
	readonly #pins: PinPaths;
	readonly #programs: TcPrograms;
	readonly #tcx: boolean;
	readonly #programIds: ReadonlySet<number>;
	/** Ids of the links that were pinned at the start. */
	readonly #foundLinks: ReadonlySet<number>;
	readonly #attached = new Map<number, Attachment>();

	/** `tcx`: by links; otherwise by clsact filters. */
	constructor(addon: Addon, pins: PinPaths, programs: TcPrograms, tcx: boolean) {
		this.#addon = addon;
		this.#pins = pins;
		this.#programs = programs;
		this.#tcx = tcx;
		this.#programIds = new Set([programs.ingress.info.id, programs.egress.info.id]);
		this.#foundLinks = new Set(
			listPins(pins.links).map((name) => openLink(addon, `${pins.links}/${name}`)?.info.id ?? 0),
		);
	}

	/** To tell our programs from others', also those that an earlier agent attached. */
	get own(): OwnPrograms {
		return { programs: this.#programIds, links: this.#foundLinks };
	}

	get attached(): readonly TcTarget[] {
		return [...this.#attached.values()].map(({ target }) => target);
	}

	/** Of all devices; none while filters are used. */
	get links(): readonly BpfLink[] {
		return [...this.#attached.values()]
			.flatMap(({ links }) => [...links.values()])
			.filter((link) => link !== undefined);
	}

	/** Attaches what is missing and updates what an earlier agent attached. ENODEV: the device is gone. */
	attach(target: TcTarget): void {
		const links = new Map<Direction, BpfLink | undefined>();
		for (const direction of target.directions) {
			links.set(direction, this.#tcx ? this.#link(target, direction) : undefined);
			if (this.#tcx) this.#dropFilter(target, direction);
			else this.#filter(target, direction);
		}
		this.#attached.set(target.ifindex, { target, links });
	}

	/** Detaches a device that is no longer served, and forgets one that is gone. */
	detach(ifindex: number): void {
		const attachment = this.#attached.get(ifindex);
		if (attachment === undefined) return;
		this.#attached.delete(ifindex);
		for (const [direction, link] of attachment.links) {
			if (link === undefined) this.#removeFilter(ifindex, direction);
			else this.#removeLink(attachment.target, direction, link);
		}
	}

	/** The device's name has changed; its pins follow. */
	rename(ifindex: number, name: string): void {
		const attachment = this.#attached.get(ifindex);
		if (attachment === undefined || attachment.target.name === name) return;
		const before = attachment.target.name;
		this.#attached.set(ifindex, { ...attachment, target: { ...attachment.target, name } });
		// Two devices may have swapped their names: the old pin can be the other one's by now.
		const isTaken = this.attached.some((target) => target.name === before);
		for (const [direction, link] of attachment.links) {
			if (link === undefined) continue;
			replacePin(this.#pins.deviceLink(name, direction), link);
			if (!isTaken) rmSync(this.#pins.deviceLink(before, direction), { force: true });
		}
	}

	/**
	 * The devices among `ifindexes` that lack a program which we attached. Pins that are gone are made
	 * anew.
	 */
	async findBroken(ifindexes: readonly number[]): Promise<number[]> {
		const broken = new Set(ifindexes.filter((ifindex) => this.#lacksFilter(ifindex)));
		const held = ifindexes.flatMap((ifindex) =>
			this.#pinnedLinks(ifindex).map((link) => ({ ifindex, link })),
		);
		const attached = await this.#addon.linksAttached(held.map(({ link }) => link));
		held.forEach(({ ifindex }, i) => {
			if (attached[i] === false) broken.add(ifindex);
		});
		return [...broken].filter((ifindex) => this.#attached.has(ifindex));
	}

	/** The device's links; a missing pin is made. */
	#pinnedLinks(ifindex: number): BpfLink[] {
		const attachment = this.#attached.get(ifindex);
		const links: BpfLink[] = [];
		for (const [direction, link] of attachment?.links ?? []) {
			if (attachment === undefined || link === undefined) continue;
			const path = this.#pins.deviceLink(attachment.target.name, direction);
			if (!existsSync(path)) link.pin(path);
			links.push(link);
		}
		return links;
	}

	#lacksFilter(ifindex: number): boolean {
		if (this.#tcx) return false;
		const directions = this.#attached.get(ifindex)?.target.directions ?? [];
		return !directions.every((direction) => this.#hasFilter(ifindex, direction));
	}

	/**
	 * Removes pinned links that an earlier agent left and this one did not take over: of devices that
	 * are gone, not served any more or renamed, and all of them when filters are used.
	 */
	prune(): void {
		const kept = new Set(
			[...this.#attached.values()].flatMap(({ target, links }) =>
				[...links]
					.filter(([, link]) => link !== undefined)
					.map(([direction]) => this.#pins.deviceLink(target.name, direction)),
			),
		);
		for (const name of listPins(this.#pins.links)) {
			// _new: an agent died while it replaced a pin.
			if (!/-(in|e)gress$|_new$/.test(name)) continue;
			const path = `${this.#pins.links}/${name}`;
			if (kept.has(path)) continue;
			const link = openLink(this.#addon, path);
			if (link === undefined) continue;
			if (link.info.ifindex !== 0) link.detach();
			rmSync(path, { force: true });
			link.close();
		}
	}

	#link(target: TcTarget, direction: Direction): BpfLink {
		const path = this.#pins.deviceLink(target.name, direction);
		const program = this.#programs[direction];
		const pinned = openLink(this.#addon, path);
		if (pinned !== undefined) {
			if (pinned.info.ifindex === target.ifindex && updateLink(pinned, program)) return pinned;
			pinned.close();
		}
		const options = { ifindex: target.ifindex, direction };
		const link = this.#addon.BpfLink.attachTcx(
			program,
			direction === "ingress" ? { ...options, before: "first" } : options,
		);
		replacePin(path, link);
		return link;
	}

	#filter({ ifindex }: TcTarget, direction: Direction): void {
		this.#addon.tcHookCreate(ifindex);
		const priority = CLSACT_PRIORITY[direction];
		this.#addon.tcAttach(this.#programs[direction], {
			ifindex,
			direction,
			handle: CLSACT_HANDLE,
			priority,
			replace: true,
		});
	}

	/** What an agent with --tc-attach=clsact left; the link serves already. */
	#dropFilter({ ifindex }: TcTarget, direction: Direction): void {
		const filters = this.#addon.tcFilters(ifindex, direction);
		if (filters.some(({ handle }) => handle === CLSACT_HANDLE)) {
			removeClsactFilter(this.#addon, ifindex, direction);
		}
	}

	#hasFilter(ifindex: number, direction: Direction): boolean {
		const id = this.#programs[direction].info.id;
		return this.#addon.tcFilters(ifindex, direction).some((filter) => filter.programId === id);
	}

	#removeLink(target: TcTarget, direction: Direction, link: BpfLink): void {
		if (link.info.ifindex !== 0) link.detach();
		link.close();
		rmSync(this.#pins.deviceLink(target.name, direction), { force: true });
	}

	#removeFilter(ifindex: number, direction: Direction): void {
		try {
			removeClsactFilter(this.#addon, ifindex, direction);
		} catch (error) {
			if (!hasCode(error, "ENODEV")) throw error;
		}
	}
}

/** Removes our filter of either version from a device's clsact hook. */
export function removeClsactFilter(addon: Addon, ifindex: number, direction: Direction): boolean {
	const priority = CLSACT_PRIORITY[direction];
	return addon.tcDetach({ ifindex, direction, handle: CLSACT_HANDLE, priority });
}

/** Programs and filters of others on a device that a redirect would bypass, in words; undefined: none. */
export function foreignProgram(
	addon: Addon,
	ifindex: number,
	own: OwnPrograms,
): string | undefined {
	for (const direction of ["ingress", "egress"] as const) {
		const program = addon
			.queryTcx(ifindex, direction)
			?.find(({ programId, linkId }) => !own.programs.has(programId) && !own.links.has(linkId));
		if (program !== undefined) return `TCX program ${program.programId} at ${direction}`;
		const filter = addon
			.tcFilters(ifindex, direction)
			.find(({ programId, handle }) => !own.programs.has(programId) && handle !== CLSACT_HANDLE);
		if (filter !== undefined) return `tc ${filter.kind} filter at ${direction}`;
	}
	return undefined;
}
