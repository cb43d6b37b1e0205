/** API objects as far as the oracle reads them, in the API's own shape. */

export type Protocol = "TCP" | "UDP" | "SCTP";

export interface ServiceObject {
	readonly apiVersion: "v1";
	readonly kind: "Service";
	readonly metadata: { readonly namespace: string; readonly name: string };
	readonly spec: {
		readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
		readonly clusterIP: string;
		readonly clusterIPs: readonly string[];
		readonly externalIPs: readonly string[];
		readonly ports: readonly {
			readonly name: string;
			readonly protocol: Protocol;
			readonly port: number;
			readonly nodePort?: number;
		}[];
		readonly internalTrafficPolicy: "Cluster" | "Local";
		readonly externalTrafficPolicy?: "Cluster" | "Local";
		readonly loadBalancerSourceRanges: readonly string[];
	};
	readonly status: {
		readonly loadBalancer: {
			readonly ingress: readonly { readonly ip: string; readonly ipMode: "VIP" | "Proxy" }[];
		};
	};
}

export interface EndpointObject {
	readonly addresses: readonly [string];
	readonly nodeName: string;
	readonly conditions: {
		readonly ready?: boolean;
		readonly serving?: boolean;
		readonly terminating?: boolean;
	};
	readonly hints?: { readonly forZones: readonly { readonly name: string }[] };
}

export interface SliceObject {
	readonly apiVersion: "discovery.k8s.io/v1";
	readonly kind: "EndpointSlice";
	readonly metadata: {
		readonly namespace: string;
		readonly name: string;
		readonly labels: { readonly "kubernetes.io/service-name": string };
	};
	readonly addressType: "IPv4" | "IPv6";
	readonly ports: readonly {
		readonly name: string;
		readonly protocol: Protocol;
		readonly port: number;
	}[];
	readonly endpoints: readonly EndpointObject[];
}

/** Everything that decides what becomes of a packet. */
export interface Scene {
	readonly services: readonly ServiceObject[];
	readonly slices: readonly SliceObject[];
	/** Label topology.kubernetes.io/zone of this node; "": none. */
	readonly zone: string;
	readonly podCIDRs: readonly string[];
	/** spec.cidrs of the only ServiceCIDR; empty: there is none. */
	readonly serviceCIDRs: readonly string[];
	readonly masqueradeAll: boolean;
	readonly detectLocalMode: "ClusterCIDR" | "NodeCIDR";
	readonly clusterCIDRs: readonly string[];
	readonly nodePortAddresses: readonly string[];
	readonly externalIPsAllowed: readonly string[];
}

export type ClientName = "pod" | "outside" | "far pod" | "node";

/** The first packet of a connection, or a ping. */
export interface Question {
	readonly client: ClientName;
	readonly family: 0 | 1;
	readonly proto: Protocol | "ICMP";
	readonly address: string;
	/** 0 for ICMP. */
	readonly port: number;
}
