/**
 * What the agent is told, after validation, and the few things that come from the environment. This
 * file is the only reader of process.env.
 */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { ServiceProxySettings } from "./model/proxy-settings.ts";
import type { KubeProxyConfiguration } from "./proxy-config/schema.ts";

/** A mistake in the command line or in what it names; reported without a stack, exit code 2. */
export class UsageError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "UsageError";
	}
}

/** Where Services and EndpointSlices come from. */
export type SourceConfig =
	| { readonly kind: "manifests"; readonly directory: string }
	/** `kubeconfig` "": none; `master` "": the kubeconfig's server. */
	| { readonly kind: "api"; readonly kubeconfig: string; readonly master: string }
	| { readonly kind: "in-cluster"; readonly master: string };

export type TcAttach = "auto" | "tcx" | "clsact";
export type ForwardingMode = "auto" | "stack" | "redirect";

/** A listening address; port 0: any free port. */
export interface BindAddress {
	readonly host: string;
	readonly port: number;
}

/** Milliseconds without a packet after which a flow in that state is removed. */
export interface FlowTimeouts {
	readonly tcpSyn: number;
	readonly tcpEstablished: number;
	/** One side has closed. */
	readonly tcpClosing: number;
	/** Both sides have closed, or a reset was seen. */
	readonly tcpClosed: number;
	/** Only one direction seen. */
	readonly udp: number;
	readonly udpStream: number;
	readonly icmp: number;
	/** Between the handshake and the end of an association. */
	readonly sctp: number;
}

/** Entries in the maps that grow with the cluster or the traffic. */
export interface MapSizes {
	readonly services: number;
	readonly backends: number;
	/** Entries; a connection that is translated by packets needs two. */
	readonly flows: number;
	/** TCP flows of which the handshake is not over, at most. */
	readonly halfOpen: number;
}

/** Inclusive, host byte order. */
export interface PortRange {
	readonly first: number;
	readonly last: number;
}

export interface AgentConfig {
	readonly source: SourceConfig;
	readonly nodeName: string;
	readonly pinPath: string;
	/** "": the root of the first cgroup v2 mount. */
	readonly cgroupRoot: string;
	readonly socketLb: boolean;
	readonly forwarding: ForwardingMode;
	readonly tcAttach: TcAttach;
	/** Name patterns with * and ?; empty: discovered. */
	readonly uplinks: readonly string[];
	readonly podDevices: readonly string[];
	/** Overrides the node's own address of that family; "" : not given. */
	readonly nodeAddress: string;
	/** undefined: not served. */
	readonly healthz: BindAddress | undefined;
	readonly metrics: BindAddress | undefined;
	/** Exit when a listening socket cannot be bound, rather than trying again. */
	readonly bindHardFail: boolean;
	readonly timeouts: FlowTimeouts;
	readonly masqueradePorts: PortRange;
	readonly sizes: MapSizes;
	readonly proxy: ServiceProxySettings;
	/** Shortest time between two syncs, ms. */
	readonly minSyncPeriodMs: number;
	/** A change that waits longer makes the proxy unhealthy, ms. */
	readonly changePatienceMs: number;
	/** -1000 to 1000: how soon the kernel ends this process when memory runs out. */
	readonly oomScoreAdj: number;
	/** klog's -v. */
	readonly verbosity: number;
	/** The same in kube-proxy's form, for /configz. */
	readonly configuration: KubeProxyConfiguration;
}

/** What sluice takes from the environment. */
export interface Environment {
	/** Path of sluice.bpf.o. */
	readonly bpfObject: string;
	/** Inside a pod: the API server as the kubelet names it. */
	readonly inCluster: boolean;
	/** How many processors the node has. */
	readonly cores: number;
}

/**
 * Reads the environment. SLUICE_BPF_OBJECT names another object file; otherwise it is the one built
 * beside the bundle (build/dist/sluice.js) or the source tree.
 */
export function readEnvironment(): Environment {
	const env = process.env;
	const here = fileURLToPath(import.meta.url);
	const beside = here.endsWith(".ts") ? "../build/bpf/sluice.bpf.o" : "../bpf/sluice.bpf.o";
	return {
		bpfObject: env.SLUICE_BPF_OBJECT ?? fileURLToPath(new URL(beside, import.meta.url)),
		inCluster: (env.KUBERNETES_SERVICE_HOST ?? "") !== "",
		cores: cpus().length,
	};
}
