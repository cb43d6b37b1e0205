/** Selection of services and flows by namespace, name, address, port and protocol. */
import { UsageError } from "../../config.ts";
import { parseAddress } from "../../model/address.ts";
import type { ReaderOptions } from "../options.ts";
import type { ServiceView } from "./snapshot.ts";

export interface Selection {
	/** undefined selects everything. */
	readonly namespace: string | undefined;
	readonly name: string | undefined;
	readonly address: string | undefined;
	readonly port: number | undefined;
	/** Upper case. */
	readonly protocol: string | undefined;
}

export type SelectOptions = Pick<
	ReaderOptions,
	"allNamespaces" | "namespace" | "service" | "address" | "port" | "protocol"
>;

/** Throws UsageError for a malformed address or port. */
export function selectionOf(options: SelectOptions, service = options.service): Selection {
	if (options.allNamespaces === true && options.namespace !== undefined) {
		throw new UsageError("-A and -n cannot be combined");
	}
	const parts = service?.split("/") ?? [];
	return {
		namespace: parts.length > 1 ? parts[0] : options.namespace,
		name: parts.at(-1),
		address: parseOptional(options.address, parseAddress, "--address", "an IP address"),
		port: parseOptional(options.port, parsePort, "--port", "a port"),
		protocol: options.protocol?.toUpperCase(),
	};
}

function parseOptional<T>(
	text: string | undefined,
	parse: (text: string) => T | undefined,
	flag: string,
	what: string,
): T | undefined {
	if (text === undefined) return undefined;
	const value = parse(text);
	if (value === undefined) throw new UsageError(`${flag}: "${text}" is not ${what}`);
	return value;
}

function parsePort(text: string): number | undefined {
	const port = Number(text);
	return /^\d+$/.test(text) && port <= 65535 ? port : undefined;
}

interface Endpoint {
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
}

/** One endpoint has all of the address, port and protocol asked for. */
export function selectsEndpoint(selection: Selection, endpoint: Endpoint): boolean {
	const { address, port, protocol } = selection;
	return (
		(address === undefined || address === endpoint.address) &&
		(port === undefined || port === endpoint.port) &&
		(protocol === undefined || protocol === endpoint.protocol)
	);
}

type Named = Pick<ServiceView, "namespace" | "name" | "portName">;

/** `name` may be NAME or NAME:PORT. */
export function selectsName(selection: Selection, service: Named): boolean {
	const { namespace, name } = selection;
	if (namespace !== undefined && namespace !== service.namespace) return false;
	return (
		name === undefined || name === service.name || name === `${service.name}:${service.portName}`
	);
}

/** By name, and by any of its frontends. */
export function selectsService(selection: Selection, service: ServiceView): boolean {
	return (
		selectsName(selection, service) &&
		service.frontends.some((frontend) => selectsEndpoint(selection, frontend))
	);
}
