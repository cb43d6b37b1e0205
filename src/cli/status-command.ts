/** `sluice status` and `sluice maps`. */
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { addOutput, addPinPath, type ReaderOptions } from "./options.ts";
import { formatJson, formatList, formatYaml } from "./output.ts";
import type { Pinned } from "./read/open.ts";
import type { MapStatus, Status } from "./read/status.ts";
import { type Column, formatTable } from "./table.ts";

export function statusCommand(io: CliIo): Command {
	const command = new Command("status").description(
		"Show what is attached, how full the maps are and what was refused, from the pins.",
	);
	return addPinPath(addOutput(command)).action(async ({ pinPath, output }: ReaderOptions) => {
		const { openPinned } = await import("./read/open.ts");
		const { readStatus } = await import("./read/status.ts");
		const status = await readStatus(openPinned(pinPath));
		if (output === "json") io.out(formatJson(status));
		else if (output === "yaml") io.out(formatYaml(status));
		else io.out(formatStatus(status, output === "wide"));
	});
}

/** For people: sections with a title line. `wide`: also what is empty or zero. */
export function formatStatus(status: Status, wide: boolean): string {
	const facts: [string, string][] = [
		["Agent", agentState(status)],
		["Pins", status.pinPath],
		["Forwarding", status.forwarding],
		["Node addresses", status.nodeAddresses.join(", ") || "none"],
		["Masquerade ports", status.masqueradePorts],
		["Half-open flows", String(status.halfOpenFlows)],
		["Overflow", status.overflowInUse ? "in use" : "not in use"],
		["Clock", `${status.hz} Hz`],
	];
	const width = Math.max(...facts.map(([name]) => name.length)) + 1;
	const head = facts.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${value}\n`).join("");
	const links = formatTable(
		[
			{ head: "LINK", cell: ({ name }) => name },
			{ head: "TYPE", cell: ({ type }) => type },
			{ head: "PROGRAM", cell: ({ programId }) => programId, right: true },
			{ head: "STATE", cell: ({ attached }) => (attached ? "attached" : "detached") },
		],
		status.links,
	);
	const drops = Object.entries(status.drops).filter(([, packets]) => wide || packets > 0);
	const refused =
		drops.length === 0
			? "Nothing was refused.\n"
			: formatTable(
					[
						{ head: "REFUSED", cell: ([reason]) => reason },
						{ head: "PACKETS", cell: ([, packets]) => packets, right: true },
					],
					drops,
				);
	const maps = status.maps.filter(({ used }) => wide || used !== undefined);
	return [
		head,
		...agentComplaints(status),
		links,
		formatList("table", maps, { columns: MAP_COLUMNS, empty: "" }),
		refused,
	].join("\n");
}

function agentState({ agentRuns, agent }: Status): string {
	if (!agentRuns) return "not running";
	if (agent === undefined) return "running, just started";
	const left = agent.notServed === 0 ? "" : `, ${agent.notServed} objects or parts not served`;
	return `running, ${agent.problems.length === 0 ? "healthy" : "not healthy"}${left}`;
}

/** A section of what is wrong with the agent and with the source of its objects, if anything is. */
function agentComplaints({ agent }: Status): string[] {
	const errors = new Map((agent?.sources ?? []).map(({ error, kind }) => [error, kind]));
	errors.delete("");
	const complaints = [
		...(agent?.problems ?? []),
		...[...errors].map(([reason, kind]) => ({ part: errors.size === 1 ? "source" : kind, reason })),
	];
	if (complaints.length === 0) return [];
	const table = formatTable(
		[
			{ head: "PROBLEM", cell: ({ part }) => part },
			{ head: "REASON", cell: ({ reason }) => reason },
		],
		complaints,
	);
	return [table];
}

const MAP_COLUMNS: readonly (Column<MapStatus> & { readonly wide?: boolean })[] = [
	{ head: "MAP", cell: ({ name }) => name },
	{ head: "TYPE", cell: ({ type }) => type },
	{ head: "USED", cell: ({ used }) => used ?? "-", right: true },
	{ head: "SIZE", cell: ({ size }) => size, right: true },
	{ head: "KEY", cell: ({ keySize }) => keySize, right: true, wide: true },
	{ head: "VALUE", cell: ({ valueSize }) => valueSize, right: true, wide: true },
	{ head: "ID", cell: ({ id }) => id, right: true, wide: true },
	{ head: "PIN", cell: ({ pin }) => pin, wide: true },
];

export function mapsCommand(io: CliIo): Command {
	const command = new Command("maps").description(
		"List the pinned maps, with the path to give to bpftool.",
	);
	addPinPath(addOutput(command)).option(
		"--dump",
		"print what the maps hold of services, in the form of sluice plan -o maps",
	);
	return command.action(async ({ pinPath, output, dump }: ReaderOptions & { dump?: boolean }) => {
		const { openPinned } = await import("./read/open.ts");
		const pinned = openPinned(pinPath);
		if (dump === true) {
			io.out(await dumpServices(pinned));
			return;
		}
		const { readMaps } = await import("./read/status.ts");
		const maps = readMaps(pinned);
		io.out(formatList(output, maps, { columns: MAP_COLUMNS, empty: "No maps found." }));
	});
}

async function dumpServices({ map }: Pinned): Promise<string> {
	const { dumpMaps } = await import("../sync/dump.ts");
	return dumpMaps({
		services: map("services"),
		slots: map("slots"),
		backends: map("backends"),
		filter: map("filter"),
		frontends: map("frontends"),
		names: map("names"),
		tombstones: map("tombstones"),
		ranges: map("ranges"),
		sources: map("sources"),
		service_cidrs: map("service_cidrs"),
		control: map("control"),
		backend_stats: map("backend_stats"),
		service_stats: map("service_stats"),
	});
}
