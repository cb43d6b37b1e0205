/** How pods are connected, and who translates: what nearly every test of this folder has to hold for. */
import type { ClusterOptions } from "../lib/net/cluster.ts";

export interface Path {
	/** For names of tests: "routed pods, --socket-lb=on". */
	readonly title: string;
	readonly network: "routed" | "bridged";
	readonly socketLb: "on" | "off";
	/** Of the cluster. */
	readonly options: Pick<ClusterOptions, "network" | "flags">;
}

function path(network: Path["network"], socketLb: Path["socketLb"]): Path {
	const flag = `--socket-lb=${socketLb}`;
	return {
		title: `${network} pods, ${flag}`,
		network,
		socketLb,
		options: { network, flags: [flag] },
	};
}

/** All four, whatever the run. */
export const ALL_PATHS = [
	path("routed", "on"),
	path("bridged", "off"),
	path("routed", "off"),
	path("bridged", "on"),
] as const;

const LONG = process.env.SLUICE_TEST_LONG === "1";

/** For each change the two that share least, in the long form all four. */
export const PATHS: readonly Path[] = LONG ? ALL_PATHS : ALL_PATHS.slice(0, 2);

/** Of tests that take long and say more of objects or tables than of paths: one for each change. */
export const LONG_PATHS: readonly Path[] = LONG ? ALL_PATHS : [ALL_PATHS[2]];

/** Of what no socket does, such as entries of flow tables: always both. */
export const PACKET_PATHS: readonly Path[] = [ALL_PATHS[2], ALL_PATHS[1]];
