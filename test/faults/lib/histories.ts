import type { Change } from "../../../src/model/objects.ts";
import { endpoint, gone, service, slice } from "../../lib/objects.ts";
import { OF_ENDPOINTS } from "./histories-of-endpoints.ts";
import { OF_REACH } from "./histories-of-reach.ts";
import { OF_SERVICES } from "./histories-of-services.ts";
import { type History, HTTP, here, onLocal, PODS, two, VIP, web, webPods } from "./history.ts";
import { REST } from "./process.ts";

/** All kinds of things at once. */
const CROWD: readonly Change[] = [
	service("many", ["10.96.1.1", "fd00::1"], ["http:80/TCP", "dns:53/UDP"]),
	slice("many-a", ["http:8080/TCP", "dns:5353/UDP"], ["10.0.2.1", "10.0.2.2"]),
	slice("many-b", ["http:8080/TCP", "dns:5353/UDP"], ["fd01::1"]),
	service("call", "10.96.1.2", ["sip:5060/SCTP"]),
	slice("call-a", ["sip:5060/SCTP"], ["10.0.2.3"]),
];

const OF_POLICY: readonly History[] = [
	{
		name: "the policy becomes Local and Cluster again",
		steps: [
			[web, slice("web-a", PODS, ["10.0.0.1", endpoint("10.0.0.2", here)])],
			[service("web", VIP, HTTP, onLocal)],
			[web],
		],
	},
	{
		name: "the policy is Local and the last local endpoint goes",
		steps: [
			[
				service("web", VIP, HTTP, onLocal),
				slice("web-a", PODS, ["10.0.0.1", endpoint("10.0.0.2", here)]),
			],
			[webPods("10.0.0.1")],
			[webPods()],
			[slice("web-a", PODS, [endpoint("10.0.0.2", here)])],
		],
	},
	{
		name: "an endpoint becomes local",
		steps: [[web, two], [slice("web-a", PODS, ["10.0.0.1", endpoint("10.0.0.2", here)])]],
	},
];

const OF_EVERYTHING: readonly History[] = [
	{
		name: "many Services come, change and go together",
		steps: [
			[...CROWD, web, two],
			[
				slice("many-a", ["http:8081/TCP", "dns:5353/UDP"], ["10.0.2.2", "10.0.2.4"]),
				gone(slice("many-b", [], [])),
				gone(web),
				gone(two),
				service("new", VIP, HTTP),
				slice("new-a", PODS, ["10.0.3.1", "10.0.3.2"]),
			],
			REST,
			CROWD.map(gone),
		],
	},
];

/** Every kind of update, each in a cluster as small as shows it. */
export const HISTORIES: readonly History[] = [
	...OF_ENDPOINTS,
	...OF_SERVICES,
	...OF_POLICY,
	...OF_REACH,
	...OF_EVERYTHING,
];
