import type { Cidr } from "./objects.ts";

/** How a client is known to be a pod of this cluster, in kube-proxy's words (detectLocalMode). */
export const DETECT_LOCAL_MODES = [
	"ClusterCIDR",
	"NodeCIDR",
	"BridgeInterface",
	"InterfaceNamePrefix",
] as const;
export type DetectLocalMode = (typeof DETECT_LOCAL_MODES)[number];

/** What of the configuration decides how Services are served, with kube-proxy's names. */
export interface ServiceProxySettings {
	/** Prefixes and the keywords of NODE_PORT_KEYWORDS; empty: every local address. */
	readonly nodePortAddresses: readonly string[];
	/** Node ports are served at 127.0.0.1 and ::1, for the node itself. */
	readonly localhostNodePorts: boolean;
	/** Clients of cluster IPs are always masqueraded. */
	readonly masqueradeAll: boolean;
	readonly detectLocalMode: DetectLocalMode;
	/** Of both families; for mode ClusterCIDR. */
	readonly clusterCIDRs: readonly Cidr[];
	/** For mode BridgeInterface. */
	readonly podBridgeInterface: string;
	/** For mode InterfaceNamePrefix. */
	readonly podInterfaceNamePrefix: string;
	/** Prefixes in which spec.externalIPs are served; outside of them anybody could take over an address. */
	readonly externalIPsAllowed: readonly Cidr[];
}

/** kube-proxy's defaults. */
export const DEFAULT_PROXY_SETTINGS: ServiceProxySettings = {
	nodePortAddresses: [],
	localhostNodePorts: true,
	masqueradeAll: false,
	detectLocalMode: "ClusterCIDR",
	clusterCIDRs: [],
	podBridgeInterface: "",
	podInterfaceNamePrefix: "",
	externalIPsAllowed: ["0.0.0.0/0", "::/0"],
};
