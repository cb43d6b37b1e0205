/** What the verifier of the running kernel says of each program, in each way that the agent loads them. */
import { spawnSync } from "node:child_process";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { type BpfObject, loadAddon } from "../../../src/dataplane/addon.ts";
import { setFilterMask } from "../../../src/dataplane/loader.ts";
import { configVariables, probeFeatures } from "../../../src/dataplane/probe.ts";

const OBJECT = fileURLToPath(new URL("../../../build/bpf/sluice.bpf.o", import.meta.url));

/** Statistics only, in every kernel from 5.2 on (BPF_LOG_STATS). */
const LOG_STATS = 4;

/** Hash tables that are allocated at once; the verifier does not look at their size. */
const SMALL = ["flows", "overflow", "udp_peers", "tombstones", "fragments"] as const;
const SMALL_ENTRIES = 1024;

/** How the agent sets variables of bpf/config.h, beside what the kernel has. */
export const CONFIGURATIONS = {
	usual: {},
	"after an upgrade": { have_previous_flows: true },
} as const;

export type Configuration = keyof typeof CONFIGURATIONS;

/** Numbers of one program that depend on the program and the kernel only. */
export interface Figures {
	/** Instructions that the verifier walked; it gives up at a million. */
	readonly instructions: number;
	/** States that it kept in all, and at most at a time. */
	readonly states: number;
	readonly peakStates: number;
	/** Bytes of the program after the verifier's changes, and as machine code. */
	readonly translated: number;
	readonly machineCode: number;
	/** Bytes of stack of its subprograms; the deepest chain may have 512. */
	readonly stack: readonly number[];
}

export interface Measured {
	/** Release line, such as "6.1". */
	readonly kernel: string;
	readonly release: string;
	readonly configuration: Configuration;
	readonly program: string;
	readonly figures: Figures;
	/** What verifying took: shown, never judged. */
	readonly microseconds: number;
}

/** "6.1" of "6.1.0-40-cloud-amd64" */
export function releaseLine(full: string): string {
	return full.split(".").slice(0, 2).join(".");
}

/** Loads the object once per configuration. */
export function measure(): Measured[] {
	const names = Object.keys(CONFIGURATIONS) as Configuration[];
	return names.flatMap((configuration) => measureOne(configuration));
}

function measureOne(configuration: Configuration): Measured[] {
	const object = openAs(configuration);
	try {
		try {
			object.load({ logLevel: LOG_STATS });
		} catch {
			// Statistics do not say what was wrong.
			openAs(configuration).load();
		}
		const full = release();
		return object.programs.map(({ name }) => {
			const program = object.program(name);
			const { id } = program.info;
			const log = object.log(name);
			const figures = { ...figuresIn(log), ...sizesOf(id) };
			program.close();
			const microseconds = numberIn(log, /verification time (\d+) usec/);
			return {
				kernel: releaseLine(full),
				release: full,
				configuration,
				program: name,
				figures,
				microseconds,
			};
		});
	} finally {
		object.close();
	}
}

function openAs(configuration: Configuration): BpfObject {
	const addon = loadAddon();
	const object = addon.BpfObject.open(OBJECT);
	const features = configVariables(probeFeatures(addon));
	const variables = { ...features, ...CONFIGURATIONS[configuration] };
	for (const [name, value] of Object.entries(variables)) object.setVariable(name, value);
	for (const name of SMALL) object.setMaxEntries(name, SMALL_ENTRIES);
	setFilterMask(object);
	return object;
}

function figuresIn(log: string): Pick<Figures, "instructions" | "states" | "peakStates" | "stack"> {
	const stack = /stack depth ([\d+]+)/.exec(log)?.[1] ?? "";
	return {
		instructions: numberIn(log, /processed (\d+) insns/),
		states: numberIn(log, /total_states (\d+)/),
		peakStates: numberIn(log, /peak_states (\d+)/),
		stack: stack.split("+").map(Number),
	};
}

function numberIn(log: string, pattern: RegExp): number {
	const found = pattern.exec(log)?.[1];
	if (found === undefined) throw new Error(`the verifier does not say ${pattern.source}: ${log}`);
	return Number(found);
}

interface ProgramListing {
	readonly bytes_xlated: number;
	readonly bytes_jited?: number;
}

function sizesOf(id: number): Pick<Figures, "translated" | "machineCode"> {
	const shown = spawnSync("bpftool", ["-j", "prog", "show", "id", `${id}`], { encoding: "utf8" });
	if (shown.status !== 0) throw new Error(`bpftool: ${shown.error ?? shown.stderr}`);
	const { bytes_xlated, bytes_jited }: ProgramListing = JSON.parse(shown.stdout);
	return { translated: bytes_xlated, machineCode: bytes_jited ?? 0 };
}
