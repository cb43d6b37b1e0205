/** `sluice backends`: endpoints, their state and connections. */
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { addOutput, addPinPath, addSelection, type ReaderOptions } from "./options.ts";
import { formatList } from "./output.ts";
import { selectionOf, selectsEndpoint, selectsName } from "./read/select.ts";
import { type BackendView, formatEndpoint } from "./read/snapshot.ts";
import type { Column } from "./table.ts";

interface Row extends BackendView {
	readonly service: string;
	readonly portName: string;
}

const COLUMNS: readonly (Column<Row> & { readonly wide?: boolean })[] = [
	{ head: "SERVICE", cell: (row) => row.service },
	{ head: "PORT", cell: (row) => row.portName },
	{ head: "PROTOCOL", cell: (row) => row.protocol },
	{ head: "ADDRESS", cell: formatEndpoint },
	{ head: "STATE", cell: (row) => row.state },
	{ head: "ACTIVE", cell: (row) => row.active, right: true },
	{ head: "INACTIVE", cell: (row) => row.inactive, right: true },
	{ head: "TOTAL", cell: (row) => row.connections, right: true },
	{ head: "ID", cell: (row) => row.id, right: true, wide: true },
	{ head: "GENERATION", cell: (row) => row.generation, right: true, wide: true },
	{ head: "LOCAL", cell: (row) => (row.local ? "yes" : "no"), wide: true },
];

export function backendsCommand(io: CliIo): Command {
	const command = new Command("backends")
		.description("List endpoints with their state and connections, from the pinned maps.")
		.argument("[service]", "only this Service: NAME, NAMESPACE/NAME or NAME:PORT");
	return addPinPath(addSelection(addOutput(command))).action(
		async (service: string | undefined, options: ReaderOptions) => {
			const selection = selectionOf(options, service ?? options.service);
			const { openPinned } = await import("./read/open.ts");
			const { readServices } = await import("./read/snapshot.ts");
			const { map } = openPinned(options.pinPath);
			const rows = readServices(map)
				.filter((view) => selectsName(selection, view))
				.flatMap((view) =>
					view.backends.map((backend) => ({
						service: `${view.namespace}/${view.name}`,
						portName: view.portName,
						...backend,
					})),
				)
				.filter((row) => selectsEndpoint(selection, row));
			io.out(formatList(options.output, rows, { columns: COLUMNS, empty: "No backends found." }));
		},
	);
}
