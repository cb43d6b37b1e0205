/** `sluice services`: frontends and where they lead. */
import { Command } from "commander";
import type { CliIo } from "./io.ts";
import { addOutput, addPinPath, addSelection, type ReaderOptions } from "./options.ts";
import { formatList } from "./output.ts";
import { selectionOf, selectsEndpoint, selectsService } from "./read/select.ts";
import {
	type BackendView,
	type FrontendView,
	formatEndpoint,
	type ServiceView,
} from "./read/snapshot.ts";
import type { Column } from "./table.ts";

export function servicesCommand(io: CliIo): Command {
	const command = new Command("services")
		.description("List frontends with their backends and open connections, from the pinned maps.")
		.argument("[service]", "only this Service: NAME, NAMESPACE/NAME or NAME:PORT");
	return addPinPath(addSelection(addOutput(command))).action(
		async (service: string | undefined, options: ReaderOptions) => {
			const selection = selectionOf(options, service ?? options.service);
			const { openPinned } = await import("./read/open.ts");
			const { readServices } = await import("./read/snapshot.ts");
			const { map } = openPinned(options.pinPath);
			const services = readServices(map).filter((view) => selectsService(selection, view));
			const selected = services.map((view) => ({
				...view,
				frontends: view.frontends.filter((frontend) => selectsEndpoint(selection, frontend)),
			}));
			if (options.output === "json" || options.output === "yaml") {
				io.out(formatList(options.output, selected, { columns: [], empty: "" }));
				return;
			}
			const rows = selected.flatMap(serviceRows);
			const columns = SERVICE_COLUMNS;
			io.out(formatList(options.output, rows, { columns, empty: "No services found." }));
		},
	);
}

interface Row {
	readonly service: string;
	readonly port: string;
	readonly address: string;
	readonly protocol: string;
	readonly scope: string;
	readonly state: string;
	readonly active: string | number;
	readonly inactive: string | number;
	readonly total: string | number;
	readonly refused: string | number;
	readonly id: string | number;
	readonly masquerade: string;
	readonly affinity: string;
	readonly ranges: string;
}

export const SERVICE_COLUMNS: readonly (Column<Row> & { readonly wide?: boolean })[] = [
	{ head: "SERVICE", cell: (row) => row.service },
	{ head: "PORT", cell: (row) => row.port },
	{ head: "PROTOCOL", cell: (row) => row.protocol },
	{ head: "ADDRESS", cell: (row) => row.address },
	{ head: "STATE", cell: (row) => row.state },
	{ head: "ACTIVE", cell: (row) => row.active, right: true },
	{ head: "INACTIVE", cell: (row) => row.inactive, right: true },
	{ head: "TOTAL", cell: (row) => row.total, right: true },
	{ head: "REFUSED", cell: (row) => row.refused, right: true, wide: true },
	{ head: "ID", cell: (row) => row.id, right: true, wide: true },
	{ head: "SCOPE", cell: (row) => row.scope, wide: true },
	{ head: "MASQUERADE", cell: (row) => row.masquerade, wide: true },
	{ head: "AFFINITY", cell: (row) => row.affinity, wide: true },
	{ head: "SOURCE RANGES", cell: (row) => row.ranges, wide: true },
];

/** One line for each frontend (both scopes in one when they do the same), one for each backend. */
export function serviceRows(service: ServiceView): Row[] {
	const sum = (field: "active" | "inactive"): number =>
		service.backends.reduce((total, backend) => total + backend[field], 0);
	const affinity = service.affinitySeconds > 0 ? `${service.affinitySeconds}s` : "";
	const heads = mergeScopes(service.frontends).map(({ frontend, scope, masquerade }) => ({
		service: `${service.namespace}/${service.name}`,
		port: service.portName,
		address: formatEndpoint(frontend),
		protocol: frontend.protocol,
		scope,
		state: frontend.action,
		active: sum("active"),
		inactive: sum("inactive"),
		total: service.connections,
		refused: service.rejected + service.dropped,
		id: service.id,
		masquerade,
		affinity,
		ranges: frontend.restricted ? service.sourceRanges.join(",") : "",
	}));
	return [...heads, ...service.backends.map(backendRow)];
}

function backendRow(backend: BackendView): Row {
	return {
		service: "",
		port: "",
		address: `-> ${formatEndpoint(backend)}`,
		protocol: "",
		scope: "",
		state: backend.state,
		active: backend.active,
		inactive: backend.inactive,
		total: backend.connections,
		refused: "",
		id: backend.id,
		masquerade: "",
		affinity: "",
		ranges: "",
	};
}

interface MergedFrontend {
	readonly frontend: FrontendView;
	scope: string;
	/** Of the internal and the external scope, when they differ. */
	masquerade: string;
}

function mergeScopes(frontends: readonly FrontendView[]): MergedFrontend[] {
	const merged = new Map<string, MergedFrontend>();
	for (const frontend of frontends) {
		const { address, port, protocol, action, backends, scope, masquerade } = frontend;
		const key = [address, port, protocol, action, backends.join()].join(" ");
		const same = merged.get(key);
		if (same === undefined) {
			merged.set(key, { frontend, scope, masquerade });
			continue;
		}
		// External comes before internal.
		if (same.masquerade !== masquerade) same.masquerade = `${masquerade}/${same.masquerade}`;
		same.scope = "both";
	}
	return [...merged.values()];
}
