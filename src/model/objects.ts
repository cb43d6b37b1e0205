/**
 * The API objects as the rest of the agent sees them: validated, reduced to what a service proxy
 * needs, addresses in canonical text form. Made by src/kube (from API or manifest JSON), kept by
 * src/model/cluster.ts.
 */

export type Protocol = "TCP" | "UDP" | "SCTP";
export type Family = "IPv4" | "IPv6";

/** An address in canonical text form: dotted decimal, or RFC 5952. */
export type Address = string;

/** A prefix in canonical text form, host bits cleared: "10.0.0.0/8", "fd00::/64". */
export type Cidr = string;

export interface ServicePort {
	/** "" when the Service's only port is unnamed. */
	readonly name: string;
	readonly protocol: Protocol;
	/** 1..65535 */
	readonly port: number;
	/** 0: none */
	readonly nodePort: number;
}

export interface Service {
	readonly namespace: string;
	readonly name: string;
	readonly uid: string;
	readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
	/** At most one per family; never empty (headless and ExternalName Services do not come this far). */
	readonly clusterIPs: readonly Address[];
	readonly ports: readonly ServicePort[];
	readonly internalTrafficPolicy: "Cluster" | "Local";
	/** As the object says it; whether it counts: see externalPolicyIsLocal(). */
	readonly externalTrafficPolicy: "Cluster" | "Local";
	/** Of both families, each once; not yet held against what the node allows. */
	readonly externalIPs: readonly Address[];
	/** Addresses in status.loadBalancer.ingress of ipMode VIP, each once. */
	readonly loadBalancerIPs: readonly Address[];
	/** Of both families; empty: nothing is asked of clients. */
	readonly loadBalancerSourceRanges: readonly Cidr[];
	/** How long a client stays with its endpoint, in s (sessionAffinity ClientIP); 0: no affinity. */
	readonly affinitySeconds: number;
	/** 0: none. */
	readonly healthCheckNodePort: number;
}

/** One port of an EndpointSlice; ports without number or name are already gone. */
export interface SlicePort {
	readonly name: string;
	readonly protocol: Protocol;
	readonly port: number;
}

/** What endpoints have in common with others. */
export interface EndpointTraits {
	/** nil counts as true */
	readonly ready: boolean;
	/** nil counts as true */
	readonly serving: boolean;
	/** nil counts as false */
	readonly terminating: boolean;
	/** "" when unknown */
	readonly nodeName: string;
	/** Names in hints.forZones and hints.forNodes; empty when there are none. */
	readonly zoneHints: readonly string[];
	readonly nodeHints: readonly string[];
}

export interface Endpoint extends EndpointTraits {
	readonly address: Address;
}

export interface EndpointSlice {
	readonly namespace: string;
	readonly name: string;
	/** Label kubernetes.io/service-name. */
	readonly service: string;
	readonly family: Family;
	readonly ports: readonly SlicePort[];
	readonly endpoints: Iterable<Endpoint>;
	/**
	 * Annotation endpoints.kubernetes.io/last-change-trigger-time in ms since 1970; 0: absent.
	 */
	readonly triggerTimeMs: number;
}

export interface Node {
	readonly name: string;
	/** status.addresses of types InternalIP and ExternalIP, in that order. */
	readonly addresses: readonly Address[];
	/** Label topology.kubernetes.io/zone; "" when absent. */
	readonly zone: string;
	readonly podCIDRs: readonly Cidr[];
	/** deletionTimestamp or taint ToBeDeletedByClusterAutoscaler: load balancers should drain it. */
	readonly draining: boolean;
}

/** networking.k8s.io/v1: prefixes of which the API server takes cluster IPs. */
export interface ServiceCIDR {
	readonly name: string;
	readonly cidrs: readonly Cidr[];
}

/** Something that was not understood and is therefore not served, with the reason. */
export interface Skip {
	/** Such as "Service default/web" or "Endpoint 10.0.0.1 of EndpointSlice default/web-abc". */
	readonly object: string;
	readonly reason: string;
}

/** Key of a namespaced object: "namespace/name". */
export type ObjectKey = string;

/**
 * One object as it is now; undefined object: it does not exist (any more) or is not ours to serve.
 * `skips` replaces whatever was skipped for this object before.
 */
export type Change =
	| {
			kind: "service";
			key: ObjectKey;
			object: Service | undefined;
			/** It is another proxy's, which serves its addresses; `object` is undefined then. */
			isForeign?: true;
			skips: readonly Skip[];
	  }
	| { kind: "slice"; key: ObjectKey; object: EndpointSlice | undefined; skips: readonly Skip[] }
	| { kind: "node"; key: ObjectKey; object: Node | undefined; skips: readonly Skip[] }
	| { kind: "cidr"; key: ObjectKey; object: ServiceCIDR | undefined; skips: readonly Skip[] };

/** Where objects come from: an API server (src/kube) or a directory (src/manifests). */
export interface ObjectSource {
	/**
	 * Begins to deliver. `onChanges` gets batches, also before the source is synced; `onSynced` is
	 * called after Services and EndpointSlices have each been delivered: with true once, when nothing
	 * is missing; before that perhaps with false, when some that exist could not be read.
	 */
	start(listener: SourceListener): void;
	stop(): Promise<void>;
	/** For status and health: one line per watched kind. */
	status(): readonly SourceStatus[];
}

export interface SourceListener {
	onChanges(changes: readonly Change[]): void;
	onSynced(isComplete: boolean): void;
}

export interface SourceStatus {
	/** "Services", "EndpointSlices", "Node", "ServiceCIDRs" */
	readonly kind: string;
	readonly synced: boolean;
	/** Last failure that has not been followed by a success; "" when all is well. */
	readonly error: string;
	/** Failures since the start: requests that failed, or looks at files. */
	readonly failures: number;
	readonly objects: number;
}
