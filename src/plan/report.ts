import { FrontendFlag } from "../layout/structs.ts";
import { bytesToAddress } from "../model/address-bytes.ts";
import type { Cluster } from "../model/cluster.ts";
import type { FrontendType } from "../model/frontends.ts";
import type { Skip } from "../model/objects.ts";
import { healthPortOf } from "../model/reach.ts";
import { type DesiredEndpoint, type DesiredPort, desiredPorts } from "./desired.ts";
import type { ScopeFlags } from "./policy.ts";
import { unpackTuple } from "./tuple.ts";

/** What happens to a client's new connection. */
export interface ReportedView {
	readonly action: "forward" | "reject" | "drop";
	/** "10.0.1.5:8080", "[fd00::5]:8080"; sorted as text. */
	readonly backends: readonly string[];
	/** A pod's, or an outside client's, address is what the backend sees. */
	readonly keepSource: boolean;
}

export interface ReportedFrontend {
	/** "namespace/name:port"; without ":port" for an unnamed port. */
	readonly service: string;
	readonly type: FrontendType;
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	/** For clients on the node and in its pods. */
	readonly internal: ReportedView;
	/** For clients outside. */
	readonly external: ReportedView;
	/** How long a client stays with its backend; 0: no affinity. */
	readonly affinitySeconds: number;
	/** Clients that may use it, sorted; empty: all. */
	readonly sourceRanges: readonly string[];
	/** Of the Service; 0: none. */
	readonly healthCheckNodePort: number;
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
		for (const desired of desiredPorts(view)) {
			frontends.push(...reportPort(desired, healthPortOf(view.service)));
		}
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

function reportPort(desired: DesiredPort, healthCheckNodePort: number): ReportedFrontend[] {
	const { namespace, name, port } = desired.identity;
	const service = port === "" ? `${namespace}/${name}` : `${namespace}/${name}:${port}`;
	return desired.frontends.map((frontend) => ({
		service,
		type: frontend.type,
		address: frontend.address,
		port: frontend.port,
		protocol: frontend.protocol,
		internal: viewOf(desired, frontend.flags.internal, "internal"),
		external: viewOf(desired, frontend.flags.external, "external"),
		affinitySeconds: desired.affinitySeconds,
		sourceRanges: asksRanges(frontend.flags.internal) ? [...desired.sourceRanges].sort() : [],
		healthCheckNodePort,
	}));
}

function asksRanges(flags: number): boolean {
	return (flags & FrontendFlag.FRONTEND_RANGES) !== 0;
}

/**
 * No endpoint anywhere is answered, none for the policy only is not (kube-proxy's rule). Loopback
 * addresses mean the client itself: nobody outside reaches them.
 */
function viewOf(
	desired: DesiredPort,
	flags: number | undefined,
	scope: keyof ScopeFlags,
): ReportedView {
	if (flags === undefined) return { action: "drop", backends: [], keepSource: false };
	const keepSource = keepsSource(flags, scope);
	const set = flags & FrontendFlag.FRONTEND_LOCAL_SET ? desired.local : desired.cluster;
	if (set.length > 0) {
		return { action: "forward", backends: set.map(endpointText).sort(), keepSource };
	}
	const anywhere = desired.cluster.length > 0 || desired.local.length > 0;
	return { action: anywhere ? "drop" : "reject", backends: [], keepSource };
}

function keepsSource(flags: number, scope: keyof ScopeFlags): boolean {
	if (flags & FrontendFlag.FRONTEND_MASQUERADE) return false;
	return scope === "internal" || (flags & FrontendFlag.FRONTEND_MASQUERADE_OUTSIDE) === 0;
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
