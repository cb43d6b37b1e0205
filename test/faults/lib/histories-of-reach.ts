import { endpoint, gone, node, service, serviceCIDR, slice } from "../../lib/objects.ts";
import { type History, HTTP, here, PODS, two, VIP, web } from "./history.ts";
import { REST } from "./process.ts";

const reach = (more: Parameters<typeof service>[3]) => service("web", VIP, HTTP, more);
const nodePort = (number: number, more: Parameters<typeof service>[3] = {}) => {
	const port = { name: "http", port: 80, protocol: "TCP", nodePort: number } as const;
	return reach({ type: "NodePort", ports: [port], ...more });
};
const portNamed = (name: string, more: Parameters<typeof service>[3]) =>
	service("web", VIP, [`${name}:80/TCP`], more);
const named = slice("web-a", ["a:8080/TCP", "b:8081/TCP"], ["10.0.0.1"]);
const mixed = slice("web-a", PODS, ["10.0.0.1", endpoint("10.0.0.2", here)]);
const oneAddress = node(["192.168.0.1"]);
const twoAddresses = node(["192.168.0.1", "192.168.0.2"]);
const external = { externalIPs: ["198.51.100.7"] };
const balanced = { type: "LoadBalancer", loadBalancerIPs: ["203.0.113.7"] } as const;
const other = (more: Parameters<typeof service>[3], ip = "10.96.0.9") => [
	service("ant", ip, HTTP, more),
	slice("ant-a", PODS, ["10.0.9.1"]),
];

/** Ways in from outside, and who may use them. */
export const OF_REACH: readonly History[] = [
	{
		name: "a node port comes, changes its number, and goes",
		steps: [[oneAddress, web, two], [nodePort(30_080)], [nodePort(30_081)], [web], REST],
	},
	{
		name: "node addresses come and go",
		steps: [[oneAddress, nodePort(30_080), two], [twoAddresses], [node(["192.168.0.2"])], REST],
	},
	{
		name: "the external policy becomes Local and Cluster again",
		steps: [
			[oneAddress, nodePort(30_080, external), mixed],
			[nodePort(30_080, { ...external, externalTrafficPolicy: "Local" })],
			[nodePort(30_080, external)],
		],
	},
	{
		name: "load balancer and external IPs come and go",
		steps: [[web, two], [reach({ ...balanced, ...external })], [reach(balanced)], [web], REST],
	},
	{
		name: "source ranges come, change and go",
		steps: [
			[reach(balanced), two],
			[reach({ ...balanced, loadBalancerSourceRanges: ["192.0.2.0/24", "198.51.100.0/24"] })],
			[reach({ ...balanced, loadBalancerSourceRanges: ["203.0.113.0/24", "192.0.2.0/24"] })],
			[reach(balanced)],
			[reach({ ...balanced, loadBalancerSourceRanges: ["192.0.2.0/24"] })],
			[gone(web), gone(two)],
			REST,
		],
	},
	{
		name: "another Service takes an external IP over, and leaves it",
		steps: [[reach(external), two], other(external), other(external).map(gone), REST],
	},
	{
		name: "a load balancer IP passes on from a Service that drops its source ranges as well",
		steps: [
			[reach({ ...balanced, loadBalancerSourceRanges: ["192.0.2.0/24"] }), two],
			[web, ...other(balanced)],
			REST,
		],
	},
	{
		name: "a port of a Service passes on to another one while source ranges go",
		steps: [
			[portNamed("a", { ...balanced, loadBalancerSourceRanges: ["192.0.2.0/24"] }), named],
			[portNamed("b", balanced)],
			REST,
		],
	},
	{
		name: "two ports of a Service swap their numbers while source ranges go",
		steps: [
			[
				service("web", VIP, ["a:80/TCP", "b:81/TCP"], {
					...balanced,
					loadBalancerSourceRanges: ["192.0.2.0/24"],
				}),
				named,
			],
			[service("web", VIP, ["a:81/TCP", "b:80/TCP"], balanced)],
			REST,
		],
	},
	{
		name: "an external IP takes a node port over, and leaves it",
		steps: [
			[twoAddresses, nodePort(80), two],
			other({ externalIPs: ["192.168.0.1"] }),
			other({ externalIPs: ["192.168.0.1"] }).map(gone),
			REST,
		],
	},
	{
		name: "a cluster IP passes to a new Service while the old one goes",
		steps: [
			[web, two, serviceCIDR(["10.96.0.0/16"])],
			[gone(web), gone(two), ...other({}, VIP)],
			[...other({}, VIP).map(gone), serviceCIDR([]), web, two],
		],
	},
	{
		name: "affinity comes and goes",
		steps: [[web, two], [reach({ affinitySeconds: 10 })], [web]],
	},
];
