/**
 * Opens the object file, checks it against the layouts this program was built with, reuses the maps
 * that are pinned, loads the programs and pins what is new. Attaches nothing.
 */
import { existsSync, rmSync } from "node:fs";
import { FilterWord, MAPS, type MapName } from "../layout/structs.ts";
import type { Addon, BpfMap, BpfObject, BpfProgram, MapInfo } from "./addon.ts";
import type { PinPaths } from "./pins.ts";

/** An object file that does not fit the layouts of src/layout/structs.ts. */
export class LayoutError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "LayoutError";
	}
}

export interface LoadOptions {
	readonly objectPath: string;
	readonly pins: PinPaths;
	/** Entries of maps that are made anew; pinned ones keep their size. */
	readonly sizes: Partial<Record<MapName, number>>;
	/** `const volatile` variables of bpf/config.h. */
	readonly variables: Readonly<Record<string, number | boolean>>;
}

/** Loaded and pinned; nothing attached. */
export interface Loaded {
	readonly maps: Readonly<Record<MapName, BpfMap>>;
	program(name: string): BpfProgram;
	/** The maps hold the services of an earlier agent; false until markFilled() when one is new. */
	readonly filled: boolean;
	/** The flow table of the release before, while it is pinned; see bpf/previous.h. */
	readonly previousFlows: BpfMap | undefined;
	/** What could not be as asked for, in sentences. */
	readonly warnings: readonly string[];
	/** To be called when everything has been written; a restart finds the maps filled then. */
	markFilled(): void;
	/** Drops pins of maps of other layout versions. Only when nothing needs them any more. */
	dropForeignMaps(): void;
}

const MAP_NAMES = Object.keys(MAPS) as MapName[];

/** Maps that only the agent fills: while one of them is new, programs that use it know no service. */
const FILLED_BY_AGENT: readonly MapName[] = [
	"frontends",
	"services",
	"slots",
	"backends",
	"names",
	"filter",
	"ranges",
];

export function loadDatapath(addon: Addon, options: LoadOptions): Loaded {
	const object = addon.BpfObject.open(options.objectPath);
	try {
		checkLayouts(object.maps, options.objectPath);
		const { reused, warnings } = reuseMaps(addon, object, options);
		const previousFlows = reusePreviousFlows(addon, object, options.pins);
		for (const [name, value] of Object.entries(options.variables)) object.setVariable(name, value);
		setFilterMask(object);
		object.load();
		const maps = Object.fromEntries(MAP_NAMES.map((name) => [name, object.map(name)]));
		pinNew(maps, reused, options.pins);
		const programs = new Map(
			object.programs.map(({ name }) => [name, object.program(name)] as const),
		);
		return {
			maps: maps as Record<MapName, BpfMap>,
			program: (name) => found(programs, name, options.objectPath),
			filled: !options.pins.isUnfilled,
			previousFlows,
			warnings,
			markFilled: () => options.pins.markFilled(),
			dropForeignMaps: () => {
				for (const path of options.pins.foreignMaps()) rmSync(path, { force: true });
			},
		};
	} finally {
		object.close();
	}
}

/** Tells the programs how many bits their filter has (bpf/config.h), once its size is settled. */
export function setFilterMask(object: BpfObject): void {
	const filter = object.maps.find(({ name }) => name === "filter");
	object.setVariable("filter_mask", (filter?.maxEntries ?? 0) * FilterWord.SIZE * 8 - 1);
}

function pinNew(
	maps: Readonly<Partial<Record<MapName, BpfMap>>>,
	reused: ReadonlySet<MapName>,
	pins: PinPaths,
): void {
	if (!FILLED_BY_AGENT.every((name) => reused.has(name))) pins.markUnfilled();
	for (const name of MAP_NAMES) {
		if (!reused.has(name)) maps[name]?.pin(pins.map(name));
	}
}

function found(
	programs: ReadonlyMap<string, BpfProgram>,
	name: string,
	objectPath: string,
): BpfProgram {
	const program = programs.get(name);
	if (program === undefined) throw new LayoutError(`${objectPath} has no program ${name}`);
	return program;
}

/** Throws LayoutError when a map is missing or its key or value has another size. */
export function checkLayouts(maps: readonly MapInfo[], objectPath: string): void {
	for (const name of MAP_NAMES) {
		const layout = MAPS[name];
		const info = maps.find((map) => map.name === name);
		if (info === undefined) throw new LayoutError(`${objectPath} has no map ${name}`);
		if (info.keySize !== layout.keySize || info.valueSize !== layout.valueSize) {
			throw new LayoutError(
				`map ${name} of ${objectPath} has keys of ${info.keySize} and values of ${info.valueSize} bytes; ` +
					`this program knows ${layout.keySize} and ${layout.valueSize}: build both from one version`,
			);
		}
	}
}

function reuseMaps(
	addon: Addon,
	object: BpfObject,
	{ pins, sizes }: LoadOptions,
): { reused: Set<MapName>; warnings: string[] } {
	const reused = new Set<MapName>();
	const warnings: string[] = [];
	for (const name of MAP_NAMES) {
		const wanted = sizes[name];
		const path = pins.map(name);
		if (!existsSync(path)) {
			if (wanted !== undefined) object.setMaxEntries(name, wanted);
			continue;
		}
		const existing = addon.BpfMap.fromPin(path);
		if (wanted !== undefined && existing.info.maxEntries !== wanted) {
			warnings.push(
				`map ${name} keeps its ${existing.info.maxEntries} entries (${wanted} asked for): ` +
					"a new size takes effect after sluice cleanup",
			);
		}
		object.reuseMap(name, existing);
		reused.add(name);
	}
	return { reused, warnings };
}

/**
 * Gives the programs the flow table of the release before, when that is pinned in the layout that
 * bpf/previous.h knows.
 */
function reusePreviousFlows(addon: Addon, object: BpfObject, pins: PinPaths): BpfMap | undefined {
	const path = pins.previousMap("flows");
	const wanted = object.maps.find((map) => map.name === "previous_flows");
	if (wanted === undefined || !existsSync(path)) return undefined;
	const existing = addon.BpfMap.fromPin(path);
	if (existing.info.valueSize !== wanted.valueSize) return undefined;
	object.reuseMap("previous_flows", existing);
	object.setVariable("have_previous_flows", true);
	return existing;
}
