import type {
	Change,
	Endpoint,
	EndpointSlice,
	Node,
	Protocol,
	Service,
} from "../../src/model/objects.ts";

/** "name:number/PROTOCOL"; the name may be empty. */
export type PortText = `${string}:${number}/${Protocol}`;

function parsePort(text: PortText): { name: string; port: number; protocol: Protocol } {
	const [name = "", rest = ""] = text.split(":");
	const [port, protocol] = rest.split("/");
	return { name, port: Number(port), protocol: protocol as Protocol };
}

/** A Service of namespace "default" unless the name says otherwise ("other/web"). */
export function service(
	key: string,
	clusterIPs: string | readonly string[],
	ports: readonly PortText[],
	more: Partial<Service> = {},
): Extract<Change, { kind: "service" }> & { object: Service } {
	const [namespace, name] = splitKey(key);
	const object: Service = {
		namespace,
		name,
		uid: "",
		type: "ClusterIP",
		clusterIPs: [clusterIPs].flat(),
		ports: ports.map((text) => ({ ...parsePort(text), nodePort: 0 })),
		internalTrafficPolicy: "Cluster",
		externalTrafficPolicy: "Cluster",
		externalIPs: [],
		loadBalancerIPs: [],
		loadBalancerSourceRanges: [],
		affinitySeconds: 0,
		healthCheckNodePort: 0,
		...more,
	};
	return { kind: "service", key: `${namespace}/${name}`, object, skips: [] };
}

/** Ready, serving, somewhere, unless `more` says otherwise. */
export function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
	return {
		address,
		ready: true,
		serving: true,
		terminating: false,
		nodeName: "",
		zoneHints: [],
		nodeHints: [],
		...more,
	};
}

/** A slice of the Service that its name begins with, up to the last "-"; family of the first endpoint. */
export function slice(
	key: string,
	ports: readonly PortText[],
	endpoints: readonly (string | Endpoint)[],
	more: Partial<EndpointSlice> = {},
): Extract<Change, { kind: "slice" }> & { object: EndpointSlice } {
	const [namespace, name] = splitKey(key);
	const all = endpoints.map((one) => (typeof one === "string" ? endpoint(one) : one));
	const object: EndpointSlice = {
		namespace,
		name,
		service: name.slice(0, name.lastIndexOf("-")),
		family: all[0]?.address.includes(":") ? "IPv6" : "IPv4",
		ports: ports.map(parsePort),
		endpoints: all,
		triggerTimeMs: 0,
		...more,
	};
	return { kind: "slice", key: `${namespace}/${name}`, object, skips: [] };
}

/** The Node "node-a", with these addresses. */
export function node(
	addresses: readonly string[],
	more: Partial<Node> = {},
): Extract<Change, { kind: "node" }> & { object: Node } {
	const object: Node = {
		name: "node-a",
		addresses,
		zone: "",
		podCIDRs: [],
		draining: false,
		...more,
	};
	return { kind: "node", key: object.name, object, skips: [] };
}

/** The ServiceCIDR that a cluster begins with. */
export function serviceCIDR(cidrs: readonly string[]): Change {
	const name = "kubernetes";
	return { kind: "cidr", key: name, object: { name, cidrs }, skips: [] };
}

/** The object no longer exists. */
export function gone(change: Change): Change {
	return { ...change, object: undefined, skips: [] };
}

function splitKey(key: string): [namespace: string, name: string] {
	const [first = "", second] = key.split("/");
	return second === undefined ? ["default", first] : [first, second];
}
