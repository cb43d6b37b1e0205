/** Objects of the API with every field that is read. */

const metadata = (name: string, more: object = {}): object => ({
	name,
	namespace: "default",
	uid: "0b5e-1",
	resourceVersion: "77",
	...more,
});

export const SAMPLES = {
	Service: {
		apiVersion: "v1",
		kind: "Service",
		metadata: metadata("web", { labels: { app: "web" }, annotations: { note: "x" } }),
		spec: {
			type: "LoadBalancer",
			clusterIP: "10.96.0.1",
			clusterIPs: ["10.96.0.1", "fd96::1"],
			ipFamilies: ["IPv4", "IPv6"],
			ports: [
				{ name: "http", protocol: "TCP", port: 80, targetPort: 8080, nodePort: 30080 },
				{ name: "dns", protocol: "UDP", port: 53, targetPort: "dns", nodePort: 30053 },
			],
			internalTrafficPolicy: "Local",
			externalTrafficPolicy: "Cluster",
			sessionAffinity: "ClientIP",
			sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
			externalIPs: ["198.51.100.7", "2001:db8::7"],
			loadBalancerSourceRanges: ["192.0.2.0/24", "2001:db8:1::/48"],
			healthCheckNodePort: 32000,
			allocateLoadBalancerNodePorts: true,
		},
		status: {
			loadBalancer: {
				ingress: [
					{ ip: "203.0.113.7", ipMode: "VIP" },
					{ ip: "203.0.113.8", ipMode: "Proxy" },
					{ hostname: "web.example" },
				],
			},
		},
	},
	EndpointSlice: {
		apiVersion: "discovery.k8s.io/v1",
		kind: "EndpointSlice",
		metadata: metadata("web-1", {
			labels: { "kubernetes.io/service-name": "web" },
			annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
		}),
		addressType: "IPv4",
		ports: [{ name: "http", protocol: "TCP", port: 8080 }],
		endpoints: [
			{
				addresses: ["10.1.0.20"],
				conditions: { ready: true, serving: true, terminating: false },
				nodeName: "n1",
				zone: "a",
				hints: { forZones: [{ name: "a" }], forNodes: [{ name: "n1" }] },
			},
			{ addresses: ["10.1.0.21"], conditions: { ready: false }, targetRef: { kind: "Pod" } },
		],
	},
	Node: {
		apiVersion: "v1",
		kind: "Node",
		metadata: metadata("n1", { labels: { "topology.kubernetes.io/zone": "a" } }),
		spec: { podCIDRs: ["10.1.0.0/24", "fd01::/64"] },
		status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
	},
	ServiceCIDR: {
		apiVersion: "networking.k8s.io/v1",
		kind: "ServiceCIDR",
		metadata: metadata("kubernetes"),
		spec: { cidrs: ["10.96.0.0/16", "fd96::/112"] },
	},
} as const;
