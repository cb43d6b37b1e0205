import { loadAddon } from "../../src/dataplane/addon.ts";
import { PinPaths } from "../../src/dataplane/pins.ts";
import { Table } from "../../src/dataplane/table.ts";
import { Flow, FlowKey, FlowWay } from "../../src/layout/structs.ts";

/** A way from a client to a Service's backend on the same node. */
export interface Path {
	readonly name: "socket" | "redirect" | "stack";
	/** Of the agent. */
	readonly flags: readonly string[];
	/** Way of the flows that must be seen; undefined: there must be none. */
	readonly way: number | undefined;
}

export const PATHS: readonly Path[] = [
	{ name: "socket", flags: ["--socket-lb=on"], way: undefined },
	{
		name: "redirect",
		flags: ["--socket-lb=off", "--forwarding=auto"],
		way: FlowWay.WAY_PEER,
	},
	{
		name: "stack",
		flags: ["--socket-lb=off", "--forwarding=stack"],
		way: FlowWay.WAY_STACK,
	},
];

/**
 * Throws unless the connections of an agent's node so far went the way that they are measured for; a
 * few may have begun before the neighbour was known.
 */
export function checkWay({ name, way }: Path, pinPath: string): void {
	const map = loadAddon().BpfMap.fromPin(new PinPaths(pinPath).map("flows"));
	const ways = new Table(map, FlowKey, Flow).entries().map(([, flow]) => flow.way);
	map.close();
	const right = ways.filter((one) => one === way).length;
	if (way === undefined ? ways.length === 0 : right > 0.9 * ways.length) return;
	throw new Error(`path ${name}: only ${right} of ${ways.length} flow entries go its way`);
}
