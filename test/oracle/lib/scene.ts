/** Random clusters, small enough that their parts meet often. */
import fc from "fast-check";
import {
	BACKENDS,
	CLIENT,
	NODE4,
	NODE6,
	OUTSIDE,
	type Pair,
	REMOTE,
} from "../../bpf/lib/topology.ts";
import type { EndpointObject, Question, Scene, ServiceObject, SliceObject } from "./objects.ts";

export const NODE_NAME = "node-a";
const FAR_NODE = "node-b";
const NODE: Pair = [NODE4, NODE6];

const CLUSTER_IPS: readonly Pair[] = [
	["10.96.0.1", "fd96::1"],
	["10.96.0.2", "fd96::2"],
	["10.96.0.3", "fd96::3"],
];
const EXTERNAL_IPS: readonly Pair[] = [
	["203.0.113.1", "2001:db8:9::1"],
	NODE,
	["10.96.0.2", "fd96::2"],
];
const BALANCER_IPS: readonly Pair[] = [
	["198.51.100.1", "2001:db8:8::1"],
	["203.0.113.1", "2001:db8:9::1"],
];
const UNUSED: readonly Pair[] = [
	["10.96.7.7", "fd96::7:7"],
	["198.51.100.9", "2001:db8:8::9"],
];
const NODE_PORTS = [30_080, 30_081] as const;
const RANGES = ["10.1.0.0/16", "192.0.2.0/24", "10.0.0.0/24", "0.0.0.0/0"].concat(
	...["fd01::/64", "2001:db8::/48", "fd00::/64", "::/0"],
);

/** Endpoints, by where they are. */
const HOMES: readonly { readonly pair: Pair; readonly nodeName: string }[] = [
	...BACKENDS.map((pair) => ({ pair, nodeName: NODE_NAME })),
	{ pair: CLIENT, nodeName: NODE_NAME },
	{ pair: NODE, nodeName: NODE_NAME },
	{ pair: REMOTE, nodeName: FAR_NODE },
];

const PORTS = [
	{ name: "http", protocol: "TCP", port: 80 },
	{ name: "dns", protocol: "UDP", port: 53 },
	{ name: "admin", protocol: "TCP", port: 30_080 },
	{ name: "quic", protocol: "UDP", port: 80 },
	{ name: "signals", protocol: "SCTP", port: 80 },
] as const;
const TARGETS = { http: 8080, dns: 53, admin: 9090, quic: 8443, signals: 3868 } as const;

type Policy = "Cluster" | "Local";

const mostly = <T>(usual: T, ...others: T[]) =>
	fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
const some = <T>(...all: T[]) => fc.subarray(all);
const families = mostly<readonly (0 | 1)[]>([0, 1], [0], [1], [1, 0]);

const anyPorts = fc
	.tuple(fc.subarray([...PORTS], { minLength: 1 }), fc.array(fc.constantFrom(0, ...NODE_PORTS)))
	.map(([ports, numbers]) => ports.map((port, i) => ({ ...port, nodePort: numbers[i] ?? 0 })));

function anyService(name: string, clusterIP: Pair): fc.Arbitrary<ServiceObject> {
	return fc
		.record({
			type: fc.constantFrom<ServiceObject["spec"]["type"]>("ClusterIP", "NodePort", "LoadBalancer"),
			families,
			ports: anyPorts,
			external: mostly<readonly Pair[]>([], ...EXTERNAL_IPS.map((pair) => [pair])),
			balancers: some(...BALANCER_IPS),
			ipMode: mostly<"VIP" | "Proxy">("VIP", "Proxy"),
			internal: mostly<Policy>("Cluster", "Local"),
			externalPolicy: fc.constantFrom<Policy>("Cluster", "Local"),
			ranges: fc.oneof(fc.constant<string[]>([]), some(...RANGES)),
		})
		.map((it) => {
			const clusterIPs = it.families.map((family) => clusterIP[family]);
			const hasNodePorts = it.type !== "ClusterIP";
			return {
				apiVersion: "v1",
				kind: "Service",
				metadata: { namespace: "default", name },
				spec: {
					type: it.type,
					clusterIP: clusterIPs[0] ?? "",
					clusterIPs,
					externalIPs: it.external.flat(),
					ports: it.ports.map(({ nodePort, ...port }) =>
						hasNodePorts && nodePort > 0 ? { ...port, nodePort } : port,
					),
					internalTrafficPolicy: it.internal,
					externalTrafficPolicy: it.externalPolicy,
					loadBalancerSourceRanges: it.ranges,
				},
				status: {
					loadBalancer: {
						ingress:
							it.type === "LoadBalancer"
								? it.balancers.flat().map((ip) => ({ ip, ipMode: it.ipMode }))
								: [],
					},
				},
			} as const;
		});
}

const anyEndpoint = fc
	.record({
		home: fc.constantFrom(...HOMES),
		conditions: mostly<EndpointObject["conditions"]>(
			{ ready: true },
			...[{}, { ready: false }, { ready: false, serving: true, terminating: true }],
			...[{ ready: false, serving: false, terminating: true }],
		),
		hints: mostly<readonly string[] | undefined>(undefined, ["zone-a"], ["zone-b"], []),
	})
	.map(
		({ home, conditions, hints }) =>
			(family: 0 | 1): EndpointObject => ({
				addresses: [home.pair[family]],
				nodeName: home.nodeName,
				conditions,
				...(hints ? { hints: { forZones: hints.map((name) => ({ name })) } } : {}),
			}),
	);

function anySlices(service: string): fc.Arbitrary<readonly SliceObject[]> {
	const slice = fc.record({
		family: fc.constantFrom<0 | 1>(0, 1),
		ports: mostly(
			PORTS.map(({ name }) => name),
			["http"],
			["dns", "quic", "signals"],
		),
		endpoints: fc.array(anyEndpoint, { minLength: 1, maxLength: 4 }),
	});
	return fc.array(slice, { minLength: 1, maxLength: 5 }).map((slices) =>
		slices.map(({ family, ports, endpoints }, i) => ({
			apiVersion: "discovery.k8s.io/v1",
			kind: "EndpointSlice",
			metadata: {
				namespace: "default",
				name: `${service}-${i}`,
				labels: { "kubernetes.io/service-name": service },
			},
			addressType: family === 1 ? "IPv6" : "IPv4",
			ports: PORTS.filter(({ name }) => ports.includes(name)).map(({ name, protocol }) => ({
				name,
				protocol,
				port: TARGETS[name],
			})),
			endpoints: endpoints.map((endpoint) => endpoint(family)),
		})),
	);
}

const NAMES = ["web", "api", "dns"] as const;

export const anyScene: fc.Arbitrary<Scene> = fc
	.record({
		count: fc.integer({ min: 1, max: NAMES.length }),
		services: fc.tuple(...NAMES.map((name, i) => anyService(name, CLUSTER_IPS[i] ?? ["", ""]))),
		slices: fc.tuple(...NAMES.map(anySlices)),
		zone: fc.constantFrom("zone-a", "zone-b", ""),
		podCIDRs: some("10.1.0.0/16", "fd01::/64"),
		serviceCIDRs: fc.constantFrom([], ["10.96.0.0/16"], ["10.96.0.0/16", "fd96::/108"]),
		masqueradeAll: mostly(false, true),
		detectLocalMode: fc.constantFrom<Scene["detectLocalMode"]>("ClusterCIDR", "NodeCIDR"),
		clusterCIDRs: some("10.0.0.0/12", "fd00::/14"),
		nodePortAddresses: fc.constantFrom([], ["10.0.0.0/24"], ["172.16.0.0/12"], ["primary"]),
		externalIPsAllowed: mostly(["0.0.0.0/0", "::/0"], [], ["203.0.113.0/24"]),
	})
	.map(({ count, services, slices, ...rest }) => ({
		...rest,
		// With pods of other nodes, and without the node itself.
		clusterCIDRs: rest.clusterCIDRs.flatMap((cidr) =>
			cidr.includes(":") ? ["fd01::/64", "fd02::/64"].slice(0, 1) : ["10.1.0.0/16"],
		),
		services: services.slice(0, count),
		slices: slices.slice(0, count).flat(),
	}));

const ADDRESSES = [...CLUSTER_IPS, ...EXTERNAL_IPS, ...BALANCER_IPS, ...UNUSED];

type Goal = Pick<Question, "family" | "proto" | "address" | "port">;

const anyGoal: fc.Arbitrary<Goal> = fc
	.record({
		family: fc.constantFrom<0 | 1>(0, 1),
		proto: fc.constantFrom<Question["proto"]>("TCP", "TCP", "UDP", "UDP", "SCTP", "SCTP", "ICMP"),
		address: fc.constantFrom(...ADDRESSES),
		port: fc.constantFrom(80, 53, ...NODE_PORTS, 4711),
	})
	.map(({ address, ...it }) => ({
		...it,
		address: address[it.family],
		port: it.proto === "ICMP" ? 0 : it.port,
	}));

/** What a Service of the scene says it is reached at, whether or not that is so. */
function goalsOf({ services }: Scene): Goal[] {
	return services.flatMap(({ spec, status }) => {
		const balancers = status.loadBalancer.ingress.map(({ ip }) => ip);
		const named = [...spec.clusterIPs, ...spec.externalIPs, ...balancers];
		return spec.ports.flatMap(({ protocol: proto, port, nodePort }) => [
			...named.map((address) => ({ family: familyAt(address), proto, address, port })),
			...(nodePort ? ([0, 1] as const) : []).map((family) => ({
				...{ family, proto, address: NODE[family] },
				port: nodePort ?? 0,
			})),
		]);
	});
}

function familyAt(address: string): 0 | 1 {
	return address.includes(":") ? 1 : 0;
}

/** A packet to what a Service names, or to anything; the number chooses where there is a choice. */
export const anyQuestion: fc.Arbitrary<(scene: Scene) => Question> = fc
	.record({
		client: fc.constantFrom<Question["client"]>("pod", "outside", "far pod", "node"),
		goal: anyGoal,
		isNamed: mostly(true, false),
		choice: fc.nat(1000),
	})
	.map(({ client, goal, isNamed, choice }) => (scene) => {
		const goals = isNamed ? goalsOf(scene) : [];
		return { client, ...(goals[choice % goals.length] ?? goal) };
	});

/** Where each client's packets come from. */
export const CLIENTS = {
	pod: { program: "tc_ingress", device: "client", address: CLIENT },
	outside: { program: "tc_ingress", device: "uplink", address: OUTSIDE },
	"far pod": { program: "tc_ingress", device: "uplink", address: REMOTE },
	node: { program: "tc_egress", device: "uplink", address: NODE },
} as const;
