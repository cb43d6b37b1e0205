/** `sluice affinity`: which client comes back to which backend, what ipvsadm -L --persistent-conn is. */
import { Command } from "commander";
import { AffinityKey } from "../layout/structs.ts";
import { addDeletion, checkDeletion, type DeletionOptions } from "./deletion.ts";
import type { CliIo } from "./io.ts";
import { addOutput, addPinPath, addSelection, type ReaderOptions } from "./options.ts";
import { formatList } from "./output.ts";
import type { AffinityEntry, AffinityView } from "./read/affinity.ts";
import type { Pinned } from "./read/open.ts";
import { type Selection, selectionOf, selectsName } from "./read/select.ts";
import { formatEndpoint } from "./read/snapshot.ts";
import type { Column } from "./table.ts";

type AffinityOptions = ReaderOptions & DeletionOptions;

const WHAT = "affinity entries";

const COLUMNS: readonly Column<AffinityView>[] = [
	{ head: "SERVICE", cell: ({ namespace, service }) => `${namespace}/${service}` },
	{ head: "PORT", cell: (entry) => entry.portName },
	{ head: "PROTOCOL", cell: (entry) => entry.protocol },
	{ head: "CLIENT", cell: ({ client, netns }) => (client === "" ? `netns ${netns}` : client) },
	{
		head: "BACKEND",
		cell: ({ backend, backendPort }) => formatEndpoint({ address: backend, port: backendPort }),
	},
	{ head: "IDLE", cell: ({ idle }) => `${idle}s`, right: true },
	{ head: "EXPIRES", cell: ({ expires }) => `${expires}s`, right: true },
];

export function affinityCommand(io: CliIo): Command {
	const command = new Command("affinity")
		.description("List which client comes back to which backend, or forget it.")
		.argument("[service]", "only this Service: NAME, NAMESPACE/NAME or NAME:PORT");
	addDeletion(addPinPath(addSelection(addOutput(command))), WHAT);
	command.addHelpText(
		"after",
		"\n--address selects a client or a backend, --port a backend.\n" +
			"Clients whose sockets are translated are network namespaces, named by their cookies.",
	);
	return command.action(async (service: string | undefined, options: AffinityOptions) => {
		const selection = selectionOf(options, service ?? options.service);
		const isFiltered = Object.values(selection).some((value) => value !== undefined);
		checkDeletion(options, WHAT, isFiltered);
		const { openPinned } = await import("./read/open.ts");
		const { readAffinity } = await import("./read/affinity.ts");
		const pinned = openPinned(options.pinPath);
		const selected = readAffinity(pinned).filter(({ view }) => selectsAffinity(selection, view));
		if (options.delete === true) {
			io.out(`${forget(pinned, selected)} ${WHAT} deleted\n`);
			return;
		}
		const rows = selected.map(({ view }) => view);
		io.out(formatList(options.output, rows, { columns: COLUMNS, empty: "No affinity found." }));
	});
}

export function selectsAffinity(selection: Selection, view: AffinityView): boolean {
	const { address, port, protocol } = selection;
	return (
		selectsName(selection, { ...view, name: view.service }) &&
		(address === undefined || address === view.client || address === view.backend) &&
		(port === undefined || port === view.backendPort) &&
		(protocol === undefined || protocol === view.protocol)
	);
}

/** Those that have gone meanwhile do not count. */
function forget(pinned: Pinned, entries: readonly AffinityEntry[]): number {
	const keys = new Uint8Array(entries.length * AffinityKey.SIZE);
	entries.forEach(({ key }, i) => {
		keys.set(key, i * AffinityKey.SIZE);
	});
	return pinned.map("affinity").deleteBatch(keys, entries.length);
}
