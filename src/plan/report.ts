import { bytesToAddress } from "../model/address-bytes.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Skip } from "../model/objects.ts";
import { type DesiredEndpoint, type DesiredPort, desiredPorts } from "./desired.ts";
import { unpackTuple } from "./tuple.ts";

/** What happens to a client's new connection. */
export interface ReportedView {
	readonly action: "forward" | "reject" | "drop";
	/** "10.0.1.5:8080", "[fd00::5]:8080"; sorted as text. */
	readonly backends: readonly string[];
}

export interface ReportedFrontend {
	/** "namespace/name:port"; without ":port" for an unnamed port. */
	readonly service: string;
	readonly type: "ClusterIP";
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	/** For clients on the node and in its pods. */
	readonly internal: ReportedView;
	/** For clients outside. */
	readonly external: ReportedView;
}

export interface Report {
	/** Sorted by address (as text), port, protocol. */
	readonly frontends: readonly ReportedFrontend[];
	readonly skipped: readonly Skip[];
}

/**
 * What the node would do with these objects.
 *
 * @param skips what was left out on the way to the model; what the model leaves out is added
 */
export function report(cluster: Cluster, skips: readonly Skip[]): Report {
	const frontends: ReportedFrontend[] = [];
	for (const key of cluster.keys()) {
		const view = cluster.view(key);
		if (!view) continue;
		for (const desired of desiredPorts(view)) frontends.push(...reportPort(desired));
	}
	return {
		frontends: frontends.sort(compareFrontends),
		skipped: mergeSkips(skips, cluster.skips()),
	};
}

/** An endpoint as people and URLs write it. */
export function formatEndpoint(address: string, port: number): string {
	return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function reportPort(desired: DesiredPort): ReportedFrontend[] {
	const { namespace, name, port } = desired.identity;
	const service = port === "" ? `${namespace}/${name}` : `${namespace}/${name}:${port}`;
	const view = viewOf(desired);
	return desired.frontends.map((frontend) => ({
		service,
		type: "ClusterIP",
		address: frontend.address,
		port: frontend.port,
		protocol: frontend.protocol,
		internal: view,
		external: view,
	}));
}

/** No endpoint anywhere is answered, none for the policy only is not (kube-proxy's rule). */
function viewOf(desired: DesiredPort): ReportedView {
	const set = desired.useLocal ? desired.local : desired.cluster;
	if (set.length > 0) return { action: "forward", backends: set.map(endpointText).sort() };
	const anywhere = desired.cluster.length > 0 || desired.local.length > 0;
	return { action: anywhere ? "drop" : "reject", backends: [] };
}

function endpointText({ key }: DesiredEndpoint): string {
	const { addr, port } = unpackTuple(key);
	return formatEndpoint(bytesToAddress(addr), port);
}

function compareFrontends(a: ReportedFrontend, b: ReportedFrontend): number {
	return (
		compareText(a.address, b.address) || a.port - b.port || compareText(a.protocol, b.protocol)
	);
}

/** Each skip once, sorted by object and reason. */
function mergeSkips(...lists: readonly (readonly Skip[])[]): Skip[] {
	const unique = new Map<string, Skip>();
	for (const { object, reason } of lists.flat()) {
		unique.set(`${object}\n${reason}`, { object, reason });
	}
	return [...unique.values()].sort(
		(a, b) => compareText(a.object, b.object) || compareText(a.reason, b.reason),
	);
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
