/**
 * Where things are pinned. Links and programs have paths without version, so that any version finds
 * and updates them; maps carry the version of their layout, so that a new layout never meets old
 * bytes. bpffs forbids dots in names: versions are written _v<N>.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { hasCode } from "../errors.ts";
import { MAPS, type MapName } from "../layout/structs.ts";

const VERSIONED = /^(.+)_v(\d+)$/;

export class PinPaths {
	readonly root: string;

	constructor(root: string) {
		this.root = root;
	}

	get maps(): string {
		return `${this.root}/maps`;
	}

	get links(): string {
		return `${this.root}/links`;
	}

	get programs(): string {
		return `${this.root}/programs`;
	}

	map(name: MapName): string {
		return `${this.maps}/${name}_v${MAPS[name].version}`;
	}

	/** Where the release before this layout of the map has pinned it. */
	previousMap(name: MapName): string {
		return `${this.maps}/${name}_v${MAPS[name].version - 1}`;
	}

	/** `hook`: "ingress" or "egress". */
	deviceLink(device: string, hook: string): string {
		return `${this.links}/${encodePinName(device)}-${hook}`;
	}

	/** `hook`: "connect4", ... */
	cgroupLink(hook: string): string {
		return `${this.links}/cgroup-${hook}`;
	}

	program(name: string): string {
		return `${this.programs}/${name}`;
	}

	/** There while maps are pinned that no agent has filled yet. */
	get #unfilled(): string {
		return `${this.root}/unfilled`;
	}

	get isUnfilled(): boolean {
		return existsSync(this.#unfilled);
	}

	/** To be called before new maps are pinned: an agent that dies then must not take them for full. */
	markUnfilled(): void {
		mkdirSync(this.#unfilled, { recursive: true, mode: 0o700 });
	}

	markFilled(): void {
		rmSync(this.#unfilled, { recursive: true, force: true });
	}

	create(): void {
		for (const directory of [this.maps, this.links, this.programs]) {
			mkdirSync(directory, { recursive: true, mode: 0o700 });
		}
	}

	/** Pins of maps of this program's earlier or later layouts: paths. */
	foreignMaps(): string[] {
		const current = new Set(Object.keys(MAPS).map((name) => this.map(name as MapName)));
		return listPins(this.maps)
			.filter((name) => VERSIONED.test(name))
			.map((name) => `${this.maps}/${name}`)
			.filter((path) => !current.has(path));
	}

	/**
	 * Removes every pin, and the root directory too, unless somebody else has something in it or a
	 * bpffs is mounted just there.
	 */
	remove(): void {
		for (const directory of [this.maps, this.links, this.programs, this.#unfilled]) {
			rmSync(directory, { recursive: true, force: true });
		}
		if (!existsSync(this.root) || readdirSync(this.root).length > 0) return;
		try {
			rmdirSync(this.root);
		} catch (error) {
			if (!hasCode(error, "EBUSY")) throw error;
		}
	}
}

/** Names in a directory of pins; none when it does not exist. */
export function listPins(directory: string): string[] {
	return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** Puts something pinnable in place of whatever is pinned at `path`, in one step. */
export function replacePin(path: string, pinnable: { pin(path: string): void }): void {
	const temporary = `${path}_new`;
	rmSync(temporary, { force: true });
	pinnable.pin(temporary);
	renameSync(temporary, path);
}

/** A device name as a file name of a bpffs. */
export function encodePinName(name: string): string {
	return name.replaceAll("%", "%25").replaceAll(".", "%2e");
}
