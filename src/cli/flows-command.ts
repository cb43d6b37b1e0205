/** `sluice flows`: what conntrack -L and -D are for nf_conntrack. */
import { Command } from "commander";
import { FlowKey } from "../layout/structs.ts";
import { addDeletion, checkDeletion, type DeletionOptions } from "./deletion.ts";
import type { CliIo } from "./io.ts";
import {
	addOutput,
	addPinPath,
	addSelection,
	choiceOption,
	type ReaderOptions,
} from "./options.ts";
import { formatList } from "./output.ts";
import type { FlowEntry, FlowView } from "./read/flows.ts";
import type { Pinned } from "./read/open.ts";
import { type Selection, selectionOf } from "./read/select.ts";
import { formatEndpoint } from "./read/snapshot.ts";
import type { Column } from "./table.ts";

interface FlowOptions extends ReaderOptions, DeletionOptions {
	readonly state?: string;
}

const STATES = ["syn_sent", "syn_recv", "established", "closing", "closed", "unreplied", "replied"];

const COLUMNS: readonly (Column<FlowView> & { readonly wide?: boolean })[] = [
	{ head: "PROTOCOL", cell: (flow) => flow.protocol },
	{
		head: "CLIENT",
		cell: ({ client, clientPort }) => formatEndpoint({ address: client, port: clientPort }),
	},
	{ head: "ADDRESS", cell: formatEndpoint },
	{
		head: "BACKEND",
		cell: ({ backend, backendPort }) => formatEndpoint({ address: backend, port: backendPort }),
	},
	{ head: "STATE", cell: (flow) => flow.state },
	{ head: "IDLE", cell: (flow) => `${flow.idle}s`, right: true },
	{ head: "SERVICE", cell: ({ namespace, service }) => `${namespace}/${service}` },
	{
		head: "SOURCE",
		cell: ({ source, sourcePort }) => formatEndpoint({ address: source, port: sourcePort }),
		wide: true,
	},
	{ head: "WAY", cell: (flow) => flow.way, wide: true },
	{ head: "FLAGS", cell: (flow) => flow.flags.join(","), wide: true },
	{ head: "AGE", cell: (flow) => `${flow.age}s`, right: true, wide: true },
	{ head: "TABLE", cell: (flow) => flow.table, wide: true },
];

export function flowsCommand(io: CliIo): Command {
	const command = new Command("flows")
		.description("List translated flows, or delete those that the filters select.")
		.argument("[service]", "only this Service: NAME, NAMESPACE/NAME or NAME:PORT");
	addPinPath(addSelection(addOutput(command))).addOption(
		choiceOption("--state <state>", "only flows in this state", STATES),
	);
	addDeletion(command, "flows", "both directions of each");
	command.addHelpText(
		"after",
		"\n--address and --port select a flow by its client, its service address or its backend.\n" +
			"Connections translated at the socket have no flow here.",
	);
	return command.action(async (service: string | undefined, options: FlowOptions) => {
		const selection = selectionOf(options, service ?? options.service);
		const isFiltered = Object.values({ ...selection, state: options.state }).some(
			(value) => value !== undefined,
		);
		checkDeletion(options, "flows", isFiltered);
		const { openPinned } = await import("./read/open.ts");
		const { readFlows } = await import("./read/flows.ts");
		const pinned = openPinned(options.pinPath);
		const selected = readFlows(pinned).filter(({ view }) =>
			selectsFlow(selection, options.state, view),
		);
		if (options.delete === true) {
			const deleted = await deleteFlows(pinned, selected);
			io.out(`${selected.length} flows selected, ${deleted} entries deleted\n`);
			return;
		}
		const rows = selected.map(({ view }) => view);
		io.out(formatList(options.output, rows, { columns: COLUMNS, empty: "No flows found." }));
	});
}

export function selectsFlow(
	selection: Selection,
	state: string | undefined,
	flow: FlowView,
): boolean {
	const { namespace, name, address, port, protocol } = selection;
	const ends = [
		{ address: flow.client, port: flow.clientPort },
		{ address: flow.address, port: flow.port },
		{ address: flow.backend, port: flow.backendPort },
	];
	return (
		(state === undefined || state === flow.state) &&
		(protocol === undefined || protocol === flow.protocol) &&
		(namespace === undefined || namespace === flow.namespace) &&
		(name === undefined || name === flow.service || name === `${flow.service}:${flow.portName}`) &&
		ends.some(
			(end) =>
				(address === undefined || address === end.address) &&
				(port === undefined || port === end.port),
		)
	);
}

async function deleteFlows(pinned: Pinned, flows: readonly FlowEntry[]): Promise<number> {
	const { reap } = await import("../dataplane/reaper.ts");
	const keys = new Uint8Array(flows.length * FlowKey.SIZE);
	flows.forEach(({ key }, i) => {
		keys.set(key, i * FlowKey.SIZE);
	});
	return reap(pinned.program("reap"), keys, flows.length, "forced").deleted;
}
